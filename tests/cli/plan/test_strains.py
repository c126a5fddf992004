"""What a simulation warns of: chases, machines that are too busy, requests that are turned away."""

from collections.abc import Callable

import pytest
from msgspec import structs

from coterie.cli.plan.strains import circles, more_bytes, strains
from coterie.cli.simulation import Variant
from coterie.cli.simulation.modelled import Modelled
from coterie.cli.simulation.runs import ran
from coterie.scheduler import events as on
from coterie.simulator.residency import Return

Model = Callable[[str], Modelled]
TWO = """
nodes: [{name: n, devices: [{name: g, kind: cuda, hot: 15GB}]}]
experts:
- {name: a, engine: echo, parallel: 1, options: {hot: 10GB}}
- {name: b, engine: echo, parallel: 1, options: {hot: 10GB}}
"""


def asked(names: str, gap_s: float, output_tokens: int = 10) -> list[on.Arrived]:
    return [
        on.Arrived(
            gap_s * number, f"r{number}", name, prompt_bytes=750, output_tokens=output_tokens
        )
        for number, name in enumerate(names)
    ]


@pytest.fixture
def simulated(model: Model) -> Callable[[str, list[on.Arrived]], Variant]:
    return lambda text, requests: ran("after", model(text).setup, requests)


Simulated = Callable[[str, list[on.Arrived]], Variant]


def test_who_chases_each_other_is_told_with_what_would_stop_it(simulated: Simulated) -> None:
    (found,) = strains(simulated(TWO, asked("ab" * 10, 5.0)))
    assert (found.kind, found.level, found.subject) == ("thrash", "notable", "a")
    assert found.message.startswith("'a' and 'b' chase each other out of memory: ")
    assert found.advice.startswith("4.66GiB more hot memory on a device would hold all of them")


def test_who_comes_back_seldom_is_not_told(simulated: Simulated) -> None:
    assert strains(simulated(TWO, asked("abab", 5.0))) == []
    assert strains(simulated(TWO, asked("ab" * 10, 300.0))) == []


def test_a_machine_without_time_is_told(simulated: Simulated) -> None:
    found = strains(simulated(TWO, asked("a" * 60, 0.5, output_tokens=60)))
    assert [one.kind for one in found] == ["overload"]
    assert found[0].subject == "n/g"


def test_who_is_turned_away_is_told_with_why(simulated: Simulated) -> None:
    limits = "limits: {wait: 1s, starvation: 1s, queue: 20}\n"
    found = strains(simulated(TWO + limits, asked("a" * 60 + "b", 0.01, output_tokens=100)))
    kinds = {one.kind: one for one in found}
    assert {"queue", "refused"} <= set(kinds)
    assert all(kinds[kind].level == "serious" for kind in ("queue", "refused"))
    assert "(queue_full): `limits.queue` or `limits.queue_per_expert` was full" in (
        kinds["queue"].message
    )


def test_one_in_a_thousand_is_notable(simulated: Simulated) -> None:
    found = simulated(TWO, asked("a", 1.0))
    many = structs.replace(found.metrics, requests=1001, problems={"budget_exceeded": 1})
    near = strains(structs.replace(found, metrics=many))
    (one,) = [one for one in near if one.kind == "refused"]
    assert (one.kind, one.level) == ("refused", "notable")
    assert one.message.startswith("1 of 1,001 requests are turned away (budget_exceeded)")


def test_a_queue_that_is_nearly_full_is_told(simulated: Simulated) -> None:
    found = simulated(TWO, asked("a", 1.0))
    near = structs.replace(found, metrics=structs.replace(found.metrics, max_waiting=800))
    (one,) = strains(near)
    assert one.message == "800 requests waited at once, of 1,000 that `limits.queue` allows"


def test_a_circle_is_of_all_that_chase_each_other() -> None:
    chases = [Return(("a", "b"), 9), Return(("c", "d"), 20), Return(("b", "e"), 3)]
    assert circles([*chases, Return(("x", "y"), 2)]) == [(("c", "d"), 20), (("a", "b", "e"), 12)]


def test_what_fits_together_lacks_nothing(model: Model) -> None:
    setup = model(TWO).setup
    assert more_bytes(setup, ("a",)) == 0
    assert more_bytes(setup, ("a", "b")) == 5 * 10**9
