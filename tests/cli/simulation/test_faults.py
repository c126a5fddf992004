"""Faults as they are written, and what is wrong with others."""

from pathlib import Path

import pytest

from coterie.cli.simulation.faults import Going, faults
from coterie.cli.simulation.modelled import modelled
from coterie.errors import BadRequest
from coterie.simulator import Faults, Planned, Setup
from tests.cli.simulation.documents import Folder


@pytest.fixture
def written(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def profile(written: Folder) -> str:
    return written.profile


@pytest.fixture
def setup(written: Folder, profile: str) -> Setup:
    return modelled(written(), profiles=[profile]).setup


def test_what_is_planned_is_read(setup: Setup) -> None:
    texts = ("node:n@2m+60s", "disk:n@60s+30sx0.1", " link:n@1m30s+500msx0.25 ")
    found = faults(setup, Going(texts, crashes_per_hour=2.0, load_fails=0.05, seed=7))
    planned = (
        Planned("node", "n", 120.0, 60.0),
        Planned("disk", "n", 60.0, 30.0, 0.1),
        Planned("link", "n", 90.0, 0.5, 0.25),
    )
    assert found == Faults(planned, 2.0, 0.05, 7)
    assert faults(setup, Going()) == Faults()


def test_one_may_begin_when_another_is_over(setup: Setup) -> None:
    texts = ("link:n@0s+10sx0.5", "link:n@10s+10sx0.1", "disk:n@5s+10sx0.1")
    assert len(faults(setup, Going(texts)).planned) == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("fire:n@1s+2s", "expected node:NAME@120s+60s"),
        ("node:n", "expected node:NAME@120s+60s"),
        ("", "expected node:NAME@120s+60s"),
        ("node:n@1s+", "expected node:NAME@120s+60s"),
        ("node:n@soon+2s", "expected a duration"),
        ("node:n@1s+0s", "lasts 0 s"),
        ("node:n@1s+2sx0.5", "leave out 'x0.5'"),
        ("disk:n@1s+2s", "how much is left of its speed"),
        ("disk:n@1s+2sx0", "a part of its speed above 0"),
        ("disk:n@1s+2sx1.5", "a part of its speed above 0"),
        ("disk:n@1s+2sxnan", "a part of its speed above 0"),
        ("node:m@1s+2s", "there is no node 'm'; there are 'n'"),
    ],
)
def test_what_is_none_is_told(setup: Setup, text: str, told: str) -> None:
    with pytest.raises(BadRequest, match=r"`--fault`") as caught:
        faults(setup, Going((text,)))
    assert told in str(caught.value)


def test_two_of_a_kind_do_not_overlap(setup: Setup) -> None:
    with pytest.raises(BadRequest, match=r"'node:n@9s\+5s' begins before 'node:n@0s\+10s'"):
        faults(setup, Going(("node:n@0s+10s", "node:n@9s+5s")))


def test_what_would_change_nothing_is_told(written: Folder) -> None:
    setup = modelled(written(), profiles=["sn40l-node8"]).setup
    with pytest.raises(BadRequest, match="the profile of 'n' has no disk"):
        faults(setup, Going(("disk:n@1s+2sx0.5",)))


@pytest.mark.parametrize(
    ("going", "told"),
    [
        (Going(crashes_per_hour=-1.0), "`--crashes-per-hour` is -1"),
        (Going(crashes_per_hour=float("nan")), "`--crashes-per-hour` is nan"),
        (Going(crashes_per_hour=1e9), "expected 0 to 3600"),
        (Going(load_fails=1.5), "`--load-fails` is 1.5"),
        (Going(load_fails=float("nan")), "`--load-fails` is nan"),
    ],
)
def test_chances_that_are_none_are_told(setup: Setup, going: Going, told: str) -> None:
    with pytest.raises(BadRequest, match=told):
        faults(setup, going)
