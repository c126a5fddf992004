from math import inf
from pathlib import Path
from typing import Any

import pytest

from coterie.cli.trace.options import experts_of, options_of, seconds_of
from coterie.errors import BadRequest
from coterie.workloads.formats.format import TraceOptions
from coterie.workloads.popularity import Zipf

DOCUMENT = """
nodes: [{name: local, devices: [{name: ram, hot: 1MiB}]}]
experts:
- {name: parrot, engine: echo}
- {name: mynah, engine: echo}
"""


def test_nothing_said_is_a_trace_as_it_is() -> None:
    assert options_of() == TraceOptions()


def test_everything_that_is_said_counts() -> None:
    said = options_of(
        format="azure",
        experts="a, b",
        popularity="zipf:1.5",
        rename=["gpt=a", "x=y=b"],
        seed=3,
        sort=True,
        begin="1m",
        end="1h",
        skip_incomplete=True,
        lengths=Path("q.csv"),
        nobody="?",
    )
    assert said == TraceOptions(
        format="azure",
        experts=("a", "b"),
        popularity=Zipf(1.5),
        nobody="?",
        names={"gpt": "a", "x=y": "b"},
        seed=3,
        sort=True,
        begin_s=60.0,
        end_s=3600.0,
        skip_incomplete=True,
        lengths=Path("q.csv"),
    )
    assert options_of(begin="5s").end_s == inf


def test_experts_are_a_number_names_or_those_of_a_composition(tmp_path: Path) -> None:
    assert experts_of("2") == ("expert-00", "expert-01")
    assert experts_of("b,a") == ("b", "a")
    assert experts_of("") == ()
    (tmp_path / "c.yaml").write_text(DOCUMENT)
    assert experts_of(str(tmp_path / "c.yaml")) == ("parrot", "mynah")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"format": "xml"}, "`--format` is 'xml': expected one of csv, jsonl"),
        ({"experts": "0"}, "`--experts` is 0: expected 1 to"),
        ({"experts": "9" * 30}, "expected 1 to 1,000,000"),
        ({"experts": "a,,b"}, "expected names with commas"),
        ({"experts": "a,a"}, "each once"),
        ({"experts": "a", "popularity": "weights:1,2"}, "2 weights for 1 experts"),
        ({"popularity": "zipf:1"}, "name them by --experts"),
        ({"rename": ["gpt"]}, "expected MODEL=EXPERT"),
        ({"rename": ["gpt=a", "gpt=b"]}, "each model once"),
        ({"begin": "soon"}, "`--from` is wrong"),
        ({"begin": "2m", "end": "1m"}, "nothing is between them"),
    ],
)
def test_what_makes_no_sense_is_said(said: dict[str, Any], told: str) -> None:
    with pytest.raises(BadRequest, match=told):
        options_of(**said)


def test_a_time_is_written_with_its_unit() -> None:
    assert seconds_of("--to", "1h30m") == 5400
    with pytest.raises(BadRequest, match="`--to` is wrong"):
        seconds_of("--to", "1y")
