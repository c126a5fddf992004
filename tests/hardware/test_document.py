"""Documents are read whole or refused, with every problem; what is written is read again."""

import json
import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from coterie.errors import ProfileInvalid
from coterie.hardware.document import MAX_BYTES, as_document, as_yaml, decode, draft
from coterie.hardware.profile import (
    Efficiency,
    Links,
    Overheads,
    Power,
    Profile,
    Tier,
    Tiers,
)

TEXT = """
name: box
devices: 8
tiers:
  hot: {bytes: 640GB, bandwidth: 26.8TB/s}
  host: {bytes: 2TiB, bandwidth: 600000000000}
links: {count: 8, bandwidth: 64GB/s, latency: 0.02ms}
compute: 7912TFLOPS
efficiency: {prefill: 0.5}
overheads: {token: 3.209ms}
sources: {tiers.hot: a data sheet}
uncertainty: {compute: 0.1}
"""


def changed(**fields: Any) -> bytes:
    document = yaml.safe_load(TEXT)
    for path, value in fields.items():
        *way, last = path.split("__")
        place = document
        for key in way:
            place = place[key]
        if value is ...:
            del place[last]
        else:
            place[last] = value
    return yaml.safe_dump(document).encode()


def test_a_document_is_read_with_the_units_of_people() -> None:
    profile = decode(TEXT.encode(), "box.yaml")
    assert profile.tiers.hot == Tier(640 * 10**9, 26.8e12)
    assert profile.tiers.host == Tier(2 * 2**40, 6e11)
    assert profile.tiers.disk is None
    assert profile.links == Links(8, 64e9, 2e-5)
    assert profile.compute == 7.912e15
    assert profile.efficiency == Efficiency(prefill=0.5)
    assert profile.overheads == Overheads(token=0.003209)


@pytest.mark.parametrize(
    ("fields", "path", "told"),
    [
        ({"tiers__host": ...}, "tiers.host", "missing (memory that weights wait in"),
        ({"tiers": ...}, "tiers", "missing"),
        ({"tiers__hot__bandwidth": 0}, "tiers.hot.bandwidth", "more than 0, not 0"),
        ({"tiers__hot__bandwidth": -1.5}, "tiers.hot.bandwidth", "more than 0, not -1.5"),
        ({"tiers__hot__bandwidth": math.nan}, "tiers.hot.bandwidth", "more than 0, not nan"),
        ({"tiers__hot__bandwidth": math.inf}, "tiers.hot.bandwidth", "more than 0, not inf"),
        ({"tiers__hot__bandwidth": "5GB"}, "tiers.hot.bandwidth", "such as 1.8TB/s"),
        ({"tiers__hot__bandwidth": None}, "tiers.hot.bandwidth", "not nothing"),
        ({"tiers__hot__bandwidth": True}, "tiers.hot.bandwidth", "not true"),
        ({"tiers__hot__bytes": 0}, "tiers.hot.bytes", "expected at least 1B"),
        ({"tiers__hot__bytes": "lots"}, "tiers.hot.bytes", "expected a size"),
        ({"tiers__hot__byte": 1}, "tiers.hot.byte", "did you mean 'bytes'?"),
        ({"tiers__hot": "big"}, "tiers.hot", "expected a mapping"),
        ({"links": ...}, "links", "only a CPU (`cores`) runs them where they are"),
        ({"links__count": 0}, "links.count", "expected at least 1"),
        ({"links__count": 1.5}, "links.count", "expected a whole number"),
        ({"links__latency": -1}, "links.latency", "expected at least 0s"),
        ({"compute": "989TOPS"}, "compute", "such as 989TFLOP/s"),
        ({"compute": ...}, "compute", "missing"),
        ({"efficiency__prefill": 0}, "efficiency.prefill", "above 0, at most 1, not 0"),
        ({"efficiency__prefill": 1.5}, "efficiency.prefill", "above 0, at most 1, not 1.5"),
        ({"efficiency__prefil": 1}, "efficiency.prefil", "did you mean 'prefill'?"),
        ({"overheads__token": math.nan}, "overheads.token", "expected at most"),
        ({"overheads__token": -1}, "overheads.token", "expected at least"),
        ({"devices": 0}, "devices", "expected at least 1"),
        ({"cores": -1}, "cores", "expected at least 0"),
        ({"power_w": {"hot": -5}}, "power_w.hot", "at least 0"),
        ({"version": 2}, "version", "expected 1"),
        ({"name": ...}, "name", "missing"),
        ({"name": "a b"}, "name", "expected at most 64 letters"),
        ({"tires": {}}, "tires", "unknown key; did you mean 'tiers'?"),
        ({"sources": {"tiers.hot.byte": "x"}}, "sources['tiers.hot.byte']", "no such figure"),
        ({"sources": {"tiers.disk.bytes": "x"}}, "sources['tiers.disk.bytes']", "no such figure"),
        ({"sources": {"compute": 5}}, "sources.compute", "expected text"),
        ({"sources": ["x"]}, "sources", "expected a mapping"),
        ({"uncertainty": {"speed": 0.1}}, "uncertainty.speed", "no such figure"),
        ({"uncertainty": {"compute": -0.1}}, "uncertainty.compute", "at least 0"),
        ({"uncertainty": {"compute": math.nan}}, "uncertainty.compute", "at least 0"),
    ],
)
def test_what_is_wrong_is_said_with_its_path(fields: dict[str, Any], path: str, told: str) -> None:
    _, (problem,) = draft(changed(**fields), "box.yaml")
    assert problem.path == path
    assert told in problem.message
    assert "(line " in problem.message or fields.get(path) is ...
    with pytest.raises(ProfileInvalid, match=r"^box\.yaml: "):
        decode(changed(**fields), "box.yaml")


def test_everything_wrong_is_said_at_once() -> None:
    _, problems = draft(changed(devices=0, compute=0, tiers__host=...), "box.yaml")
    assert {one.path for one in problems} == {"devices", "compute", "tiers.host"}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "the document is empty"),
        (b"- 1", "expected a mapping"),
        (b"just words", "expected a mapping"),
        (b"{", "this is not YAML"),
        (b"\xff\xfe\x00", "this is not YAML"),
        (b"a: " + b"x" * MAX_BYTES, "that is no profile"),
    ],
)
def test_what_is_no_profile_at_all(data: bytes, told: str) -> None:
    profile, (problem, *_) = draft(data, "box.yaml")
    assert profile is None
    assert told in problem.message


def test_json_is_read_too() -> None:
    document = as_document(decode(TEXT.encode(), "box.yaml"))
    assert decode(json.dumps(document).encode(), "box.json") == decode(TEXT.encode(), "box.yaml")


def test_what_is_written_is_short_and_in_units_of_people() -> None:
    document = as_document(decode(TEXT.encode(), "box.yaml"))
    assert document["tiers"]["hot"] == {"bytes": "640GB", "bandwidth": "26.8TB/s"}
    assert document["links"] == {"count": 8, "bandwidth": "64GB/s", "latency": "0.02ms"}
    assert document["compute"] == "7.912PFLOP/s"
    assert document["overheads"] == {"token": "3.209ms"}
    assert "cores" not in document


def test_a_remark_is_a_comment() -> None:
    profile = decode(TEXT.encode(), "box.yaml")
    written = as_yaml(profile, "two\nlines")
    assert written.startswith(b"# two\n# lines\nversion: 1\n")
    assert decode(written, "box.yaml") == profile


RATES = st.floats(1e-3, 1e20)
SHARES = st.floats(1e-6, 1.0)
SECONDS = st.floats(0, 1e6)
TIERS = st.builds(Tier, st.integers(1, 2**62), RATES)


@given(
    st.builds(
        Profile,
        name=st.just("any"),
        cores=st.integers(1, 999),
        tiers=st.builds(Tiers, TIERS, TIERS, st.none() | TIERS),
        links=st.none() | st.builds(Links, st.integers(1, 99), RATES, SECONDS),
        compute=RATES,
        efficiency=st.builds(Efficiency, SHARES, SHARES, SHARES, SHARES),
        overheads=st.builds(Overheads, SECONDS, SECONDS, SECONDS, SECONDS),
        power_w=st.none() | st.builds(Power, st.floats(0, 1e6), st.floats(0, 1e6)),
        sources=st.just({"compute": "seen: yes, # really"}),
    )
)
def test_what_is_written_is_read_again_to_the_last_digit(profile: Profile) -> None:
    assert decode(as_yaml(profile), "any.yaml") == profile
