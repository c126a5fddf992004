"""What planning came to, for people and as a document."""

import json

import msgspec
from msgspec import structs

from coterie.cli.recomposition.demand import Observed
from coterie.cli.recomposition.report import MOST_ROWS, Answer, document, parts
from coterie.planner.recomposition import (
    ExpertForecast,
    Forecast,
    Gain,
    Options,
    Outcome,
    Recomposition,
    Step,
)

GIB = 1024**3
FORECAST = Forecast(
    0.0,
    3600.0,
    (
        ExpertForecast("a", 0.5 / 3600, 0.0, 2 / 3600, requests=1),
        ExpertForecast("b", 0.5, 0.4, 0.6, requests=1800),
    ),
    watched_s=3600.0,
)
MOVED = Recomposition(
    verdict="move",
    target=("b@n/g",),
    replicas={"a": 0, "b": 1},
    steps=(
        Step("unload", "a", "n/g", GIB, reason="it makes room"),
        Step("load", "b", "n/g", 2 * GIB, 1.5, reason="its requests wait"),
    ),
    moved_bytes=2 * GIB,
    now=Outcome(600.0, 120.0, 0.0),
    then=Outcome(60.0, 4.5, 0.0),
    gain=Gain(540.0, -10.0, 600.0, 1.5, 2.25, 0.97),
    gap_s=0.0,
    reason="Requests wait.",
)
ANSWER = Answer(
    file="x.yaml",
    source="t.csv",
    observed=Observed(1801, 3600.0, FORECAST, {}, ()),
    before=("a@n/g",),
    options=Options(),
    found=MOVED,
    notes=(),
)


def words(answer: Answer) -> dict[str, list[str]]:
    """The lines of each part, rows with single spaces between their cells."""
    return {
        part.title: [*(" ".join(row) for row in part.rows), *part.lines] for part in parts(answer)
    }


def test_a_change_is_told_step_by_step() -> None:
    found = words(ANSWER)
    assert list(found) == [
        "verdict: move", "steps", "replicas", "expected in an hour", "warnings"
    ]  # fmt: skip
    assert found["verdict: move"] == ["Requests wait."]
    assert found["steps"] == [
        "1 unload a n/g 1GiB - it makes room",
        "2 load b n/g 2GiB 1.5s its requests wait",
        "2GiB move onto devices, in 1.5s one after the other",
    ]
    assert found["replicas"] == [
        "b 1,800 1,800 (1,440 to 2,160) - n/g",
        "a 1 0.5 (0 to 2) n/g -",
        "1 replica(s) before and 1 after, 0 of them where they were",
    ]
    assert found["expected in an hour"][:4] == [
        "waited 10m 1m",
        "loads for requests 120 4.5",
        "refused 0 0",
        "gain: 9m of waiting an hour, from -10s to 10m in 90% of cases; over 1h it has to be "
        "2.25s, which is 97% sure",
    ]
    assert found["warnings"] == ["none"]


def test_where_nothing_is_done_that_is_said() -> None:
    stays = structs.replace(
        MOVED, verdict="stay", steps=(), target=("a@n/g",), warnings=("much is refused",), gap_s=5.0
    )
    found = words(structs.replace(ANSWER, found=stays, notes=("guessed",)))
    assert "steps" not in found
    lines = found["expected in an hour"]
    assert "`then` is the best that was considered, and is not done" in lines
    assert any("another placement saves 5s an hour more, at most" in line for line in lines)
    assert found["warnings"] == ["! much is refused"]
    assert found["notes"] == ["guessed"]


def test_long_tables_are_cut() -> None:
    many = tuple(ExpertForecast(f"e{i:02}", 0.1) for i in range(30))
    found = structs.replace(MOVED, steps=MOVED.steps * 20)
    observed = structs.replace(ANSWER.observed, forecast=structs.replace(FORECAST, experts=many))
    told = words(structs.replace(ANSWER, found=found, observed=observed))
    assert told["steps"][MOST_ROWS + 1 :] == ["16 more steps are in --json"]
    assert told["replicas"][MOST_ROWS + 1 :] == ["6 more experts are in --json"]


def test_a_document_is_whole() -> None:
    found = json.loads(msgspec.json.encode(document(ANSWER)))
    assert (found["file"], found["verdict"], found["target"]) == ("x.yaml", "move", ["b@n/g"])
    assert found["before"] == ["a@n/g"]
    assert found["steps"][1]["size_bytes"] == 2 * GIB
    assert found["gain"]["confidence"] == 0.97
    assert found["forecast"]["experts"][1]["rate"] == 0.5
    assert found["options"]["margin"] == 1.5
