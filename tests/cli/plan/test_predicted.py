"""The same requests before and after, and what that changes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from coterie.cli.plan.here import Here
from coterie.cli.plan.predicted import Predicted, as_document, predicted, rows, verdicts
from coterie.cli.simulation import parse as condition
from coterie.cli.simulation.modelled import Modelled
from coterie.cli.simulation.workload import Wanted
from coterie.errors import BadRequest, TraceInvalid

Model = Callable[[str], Modelled]
TEXT = """
nodes: [{name: n, devices: [{name: g, kind: cuda, hot: 10GB}]}]
experts:
- {name: a, engine: echo, options: {hot: 10GB}}
- {name: b, engine: echo, options: {hot: 10GB}}
"""


@pytest.fixture
def wanted(tmp_path: Path) -> Wanted:
    trace = tmp_path / "trace.csv"
    rows = [f"{number * 10},{'ab'[number % 2]},100,20" for number in range(20)]
    trace.write_text("\n".join(["arrival_s,expert,prompt_tokens,output_tokens", *rows, ""]))
    return Wanted(trace=trace)


def both(model: Model, wanted: Wanted, before: str, after: str) -> Predicted:
    return predicted(model(after), Here("old", model(before), (), is_running=False), wanted)


def test_twice_the_memory_ends_the_switches(model: Model, wanted: Wanted) -> None:
    found = both(model, wanted, TEXT, TEXT.replace("hot: 10GB}]", "hot: 20GB}]"))
    changes = {row.title: row for row in rows(found)}
    assert changes["first token, p50"].before == "1.02s"
    assert changes["first token, p50"].change == "-98.1 %, better"
    assert changes["switches"].after == "0/h"
    assert changes["answered"].change == "the same"
    assert changes["found hot"].change == "+90.0 points, better"
    assert [one.name for one in found.variants] == ["before", "after"]


def test_without_anything_to_compare_with_there_is_no_change(model: Model, wanted: Wanted) -> None:
    found = predicted(model(TEXT), None, wanted)
    assert found.before is None
    assert {row.before for row in rows(found)} == {"-"}
    assert {row.change for row in rows(found)} == {""}
    assert as_document(found)["before"] is None
    assert as_document(found)["after"]["figures"]["answered"] == 20


def test_a_trace_may_name_those_who_are_to_be_removed(model: Model, wanted: Wanted) -> None:
    found = both(model, wanted, TEXT, TEXT.replace("name: b", "name: c"))
    assert found.after.metrics.problems == {"model_not_found": 10}
    assert found.notes == ()
    new = both(model, wanted, TEXT.replace("name: b", "name: c"), TEXT)
    assert new.notes == ("before, 10 requests ask experts that are not there, and are refused",)
    with pytest.raises(TraceInvalid, match="'b'"):
        predicted(model(TEXT.replace("name: b", "name: c")), None, wanted)


def test_conditions_are_of_what_is_after(model: Model, wanted: Wanted) -> None:
    found = both(model, wanted, TEXT, TEXT.replace("hot: 10GB}]", "hot: 20GB}]"))
    first, second = verdicts(found, [condition("p50_ttft > 500ms"), condition("loads > 1")])
    assert (first.condition, first.holds) == ("p50_ttft > 500ms", False)
    assert (second.value, second.holds) == (2.0, True)
    with pytest.raises(BadRequest, match="no request has a latency budget"):
        verdicts(found, [condition("attainment < 99%")])
