"""A plan for people: every part of it, bounded however large it is."""

import json
from collections.abc import Callable

from msgspec import structs

from coterie.cli.parts import Part
from coterie.cli.plan.apart import apart
from coterie.cli.plan.caution import Caution
from coterie.cli.plan.differences import Change
from coterie.cli.plan.here import Here
from coterie.cli.plan.hosted import fit
from coterie.cli.plan.predicted import Verdict
from coterie.cli.plan.report import Plan, document, parts
from coterie.cli.plan.steps import Step, Way, way
from coterie.cli.simulation.modelled import Modelled

Model = Callable[[str], Modelled]
GB = 10**9
TEXT = """
nodes: [{name: n, devices: [{name: g, kind: cuda, hot: 20GB}]}]
experts:
- {name: a, engine: echo, preload: true, options: {hot: 12GB}}
- {name: b, engine: echo, options: {hot: 10GB}}
"""


def plan(found: Modelled, before: Here | None = None) -> Plan:
    return Plan(
        file="new.yaml",
        before=before,
        fit=fit(found),
        apart=apart(found.setup),
        changes=(),
        way=way(None, (), found, ["a@n/g"], {}),
        predicted=None,
        warnings=(),
        verdicts=(),
        notes=(),
    )


def part(whole: Plan, title: str) -> Part:
    return next(one for one in parts(whole) if one.title.startswith(title))


def test_memories_are_told_with_what_would_be_in_them(model: Model) -> None:
    found = part(plan(model(TEXT)), "fit")
    assert found.rows[0] == [
        "n/g", "hot", "18.63GiB", "11.18GiB", "60.0 %", "1 of 2", "20.49GiB"
    ]  # fmt: skip
    assert found.lines == ["1 of 2 experts can be hot at the same time"]
    takes = part(plan(model(TEXT)), "what a replica takes")
    assert takes.rows[0] == ["a", "11.18GiB", "11.18GiB", "-", "-", "-", "n/g"]
    assert takes.lines == [
        "'a' and 'b' are never hot at the same time: they take 20.49GiB of 18.63GiB"
    ]


def test_without_requests_it_says_what_is_missing(model: Model) -> None:
    found = part(plan(model(TEXT)), "predicted")
    assert found.lines == [
        "nothing is predicted without requests: give --trace FILE or --rate REQUESTS"
    ]


def test_steps_are_numbered_and_summed_up(model: Model) -> None:
    found = part(plan(model(TEXT)), "steps from empty machines")
    assert found.rows == [
        ["1", "load", "a", "n/g", "11.18GiB", "7.45GiB", "1.2s", "it is preloaded"]
    ]
    assert found.lines == [
        "11.18GiB move onto devices, in 1.2s one after the other; nothing has to be unloaded first"
    ]


def test_changes_are_told_from_what_there_is(model: Model) -> None:
    there = model(TEXT)
    before = Here("old.yaml", there, ("a@n/g",), is_running=False)
    whole = plan(there, before)
    assert part(whole, "changes from old.yaml").lines == ["nothing differs"]
    changes = (
        Change("added", "expert", "c"),
        Change("removed", "node", "m"),
        Change("changed", "expert", "a", "context", "64", "128", True),
        Change("changed", "scheduler", "", "policy", "cost", "lru"),
        Change("changed", "route", "auto"),
    )
    assert part(structs.replace(whole, changes=changes), "changes").lines == [
        "+ expert 'c'",
        "- node 'm'",
        "~ expert 'a': `context` is 128, was 64; its replicas are loaded anew",
        "~ scheduler: `policy` is lru, was cost",
        "~ route 'auto' is otherwise",
    ]


def test_what_stays_is_told(model: Model) -> None:
    there = model(TEXT)
    before = Here("old.yaml", there, ("a@n/g",), is_running=False)
    kept = way(there, ["a@n/g"], there, ["a@n/g"], {})
    found = part(structs.replace(plan(there, before), way=kept), "steps from old.yaml")
    assert found.columns == ()
    assert found.lines[0] == "nothing is loaded or unloaded"
    assert found.lines[1] == "1 replica(s) stay where they are: 'a@n/g'"


def test_warnings_of_one_kind_are_cut(model: Model) -> None:
    serious = Caution("misfit", "serious", "x", "x fits nowhere", "")
    many = [Caution("host", "notable", str(i), f"host {i}", "more of it") for i in range(9)]
    found = part(structs.replace(plan(model(TEXT)), warnings=[serious, *many]), "warnings")
    assert found.lines[:3] == ["! x fits nowhere", "· host 0", "    more of it"]
    assert found.lines[-1] == "    6 more like it are in --json"
    assert part(plan(model(TEXT)), "warnings").lines == ["none"]


def test_conditions_say_whether_they_fail_it(model: Model) -> None:
    verdicts = [Verdict("p95_ttft > 2s", 3.0, True), Verdict("loads > 9", 1.0, False)]
    found = part(structs.replace(plan(model(TEXT)), verdicts=verdicts), "conditions")
    assert found.lines == ["`p95_ttft > 2s` holds: this fails", "`loads > 9` does not hold"]


def test_however_large_it_is_a_page_holds_it(model: Model) -> None:
    step = Step("load", "a", "n/g", GB, "it is new", GB, 1.0)
    whole = structs.replace(
        plan(model(TEXT)),
        before=Here("old.yaml", model(TEXT), (), is_running=False),
        changes=[Change("added", "expert", f"e{i}") for i in range(500)],
        way=Way((step,) * 500, (), 500 * GB, 500.0),
        notes=[f"note {i}" for i in range(500)],
    )
    found = parts(whole)
    assert all(len(one.rows) < 40 and len(one.lines) < 40 for one in found)
    assert [one.lines[-1] for one in found if "--json" in " ".join(one.lines)] == [
        "476 more changes are in --json",
        "476 more steps are in --json",
        "488 more notes are in --json",
    ]


def test_a_document_has_all_of_it_as_plain_values(model: Model) -> None:
    there = model(TEXT)
    whole = plan(there, Here("old.yaml", there, ("a@n/g",), is_running=False))
    found = json.loads(json.dumps(document(whole)))
    assert list(found) == [
        "file", "against", "fit", "changes", "way", "predicted", "warnings", "conditions", "notes"
    ]  # fmt: skip
    assert found["against"] == {"name": "old.yaml", "is_running": False, "replicas": ["a@n/g"]}
    assert found["fit"]["memories"][0]["used_bytes"] == 12 * GB
    assert found["fit"]["never_together"]["pairs"][0]["experts"] == ["a", "b"]
    assert found["way"]["steps"][0]["seconds"] == 1.2
