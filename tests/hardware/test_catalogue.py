"""The profiles that come along: each is valid, and each figure says where it is from."""

from pathlib import Path

import pytest

from coterie.errors import ProfileInvalid
from coterie.hardware.catalogue import load, names, source
from coterie.hardware.document import as_yaml, decode


def test_those_that_are_promised_come_along() -> None:
    assert names() == (
        *("cpu", "dgx-a100", "dgx-a100-one-link", "dgx-h100", "dgx-h100-one-link", "dgx-h200"),
        *("h200", "sn40l-node8", "sn40l-rack16", "sn40l-socket"),
    )


@pytest.mark.parametrize("name", names())
def test_each_is_what_it_is_called_and_says_where_its_figures_are_from(name: str) -> None:
    profile = load(name)
    assert profile.name == name
    assert profile.about
    assert profile.unsourced() == ()
    assert decode(as_yaml(profile), f"{name}.yaml") == profile


def test_forms_with_one_link_and_with_many_differ_in_links_alone() -> None:
    for fair in ("dgx-a100", "dgx-h100"):
        one, many = load(f"{fair}-one-link").figures(), load(fair).figures()
        assert {path for path in one if one[path] != many[path]} == {"links.count"}


def test_a_node_is_eight_sockets() -> None:
    node, socket = load("sn40l-node8").figures(), load("sn40l-socket").figures()
    for path in ("tiers.hot.bytes", "tiers.hot.bandwidth", "tiers.host.bytes", "links.count"):
        assert node[path] == pytest.approx(8 * socket[path])


def test_a_path_is_a_file(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    data, _ = source("h200")
    mine.write_bytes(data.replace(b"name: h200", b"name: mine"))
    assert load(str(mine)).name == "mine"
    assert source(str(mine)) == (mine.read_bytes(), str(mine))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("dgx-h10", "no profile 'dgx-h10'; did you mean 'dgx-h100'?"),
        ("abacus", "no profile 'abacus'; there are 'cpu', 'dgx-a100', "),
        ("", "no profile ''; there are"),
        ("gone.yaml", "'gone.yaml' cannot be read: No such file"),
        ("./gone", "'gone' cannot be read"),
        ("../hardware/profiles/cpu", "cannot be read"),
    ],
)
def test_what_is_not_there_is_said(name: str, told: str) -> None:
    with pytest.raises(ProfileInvalid, match=r"no profile|cannot be read") as error:
        load(name)
    assert told in str(error.value)


def test_a_file_that_is_wrong_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("name: bad\n")
    with pytest.raises(ProfileInvalid, match=r"bad\.yaml: tiers: missing"):
        load(str(tmp_path / "bad.yaml"))
