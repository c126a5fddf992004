import pytest
from msgspec import structs

from coterie.cli.profile.fitted import as_json, errors, figures, show
from coterie.hardware.catalogue import load
from coterie.hardware.fit_draft import Fit
from coterie.hardware.fit_steps import Estimate
from coterie.hardware.observations import Seen
from coterie.hardware.profile import Overheads

START = load("cpu")
FOUND = Fit(
    structs.replace(START, overheads=Overheads(load=0.5)),
    {"overheads.load": Estimate(0.5, 0.1, 7, 2)},
    {"efficiency.decode": "too few answers"},
    ("nothing came twice",),
)
BEFORE = {"loads": (0.5, -1.0, 1.0), "prompts": (0.2,)}
AFTER = {"loads": (0.0, -0.1, 0.2), "prompts": (0.1,)}


def seen() -> Seen:
    found = Seen()
    found.counts.update(answered=1200, whole=3, uncounted=2, failed=4)
    return found


def test_figures_are_those_that_were_fitted() -> None:
    assert figures(START, FOUND) == {
        "overheads.load": {
            "before": 0.25,
            "after": 0.5,
            "error": 0.1,
            "observations": 7,
            "left_out": 2,
        }
    }


def test_errors_are_medians_and_90th_percentiles_whichever_way() -> None:
    loads = errors(BEFORE, AFTER)["loads"]
    assert loads["seen"] == 3
    assert loads["before"] == {"median": 1.0, "p90": 1.0}
    assert loads["after"] == {"median": 0.1, "p90": pytest.approx(0.18)}


def test_a_kind_that_only_one_of_them_can_say_is_told_of_that_one() -> None:
    found = errors({"unloads": (0.5,)}, {"loads": (0.1, 0.2)})
    assert found["unloads"]["after"] is None
    assert found["loads"]["before"] is None
    assert (found["unloads"]["seen"], found["loads"]["seen"]) == (1, 2)


def test_all_of_it_is_shown_beside_the_profile(capsys: pytest.CaptureFixture[str]) -> None:
    show(START, FOUND, seen(), BEFORE, AFTER)
    said = capsys.readouterr()
    assert said.out == ""
    lines = [" ".join(line.split()) for line in said.err.splitlines()]
    assert lines[0] == (
        "1,200 answers; 3 of them came whole, and do not tell when their first token did; of 2 the "
        "prompt's tokens are not told; 4 failed and are left out"
    )
    assert "overheads.load 250ms 500ms 10 % 7 2" in lines
    assert "loads 3 100 % 100 % 10 % 18 %" in lines
    assert "efficiency.decode 10 % too few answers" in lines
    assert lines[-1] == "note: nothing came twice"


def test_as_json_it_is_the_same() -> None:
    found = as_json(START, FOUND, seen(), BEFORE, AFTER)
    assert list(found) == ["counts", "figures", "errors", "lacking", "notes"]
    assert found["counts"]["answered"] == 1200
