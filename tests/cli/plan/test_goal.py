"""Pins and preloads are to be there, and what is there stays where it may."""

from collections.abc import Callable

from coterie.cli.plan.goal import goal
from coterie.cli.plan.here import Here
from coterie.cli.simulation.modelled import Modelled

Model = Callable[[str], Modelled]
TEXT = """
nodes:
- {name: n, devices: [{name: g, kind: cuda, hot: 20GB}, {name: h, kind: cuda, hot: 19GB}]}
experts:
- {name: a, engine: echo, preload: true, options: {hot: 10GB}}
- {name: b, engine: echo, options: {hot: 10GB}}
- {name: c, engine: echo, devices: [n/h], options: {hot: 5GB}}
"""


def goal_of(
    found: Modelled, *replicas: str, is_running: bool = True, reloaded: tuple[str, ...] = ()
) -> list[str]:
    return goal(Here("there", found, replicas, is_running), found.setup, reloaded)


def test_from_nothing_it_is_what_the_scheduler_loads_at_the_start(model: Model) -> None:
    assert goal(None, model(TEXT).setup, ()) == ["a@n/g"]


def test_what_must_be_there_stays_where_it_is(model: Model) -> None:
    found = model(TEXT)
    assert goal_of(found, "a@n/h") == ["a@n/h"]
    assert goal_of(found, "a@n/h", is_running=False) == ["a@n/h"]


def test_a_running_server_keeps_what_there_is_room_for(model: Model) -> None:
    found = model(TEXT)
    assert goal_of(found, "a@n/g", "b@n/g", "c@n/h") == ["a@n/g", "b@n/g", "c@n/h"]
    assert goal_of(found, "a@n/g", "b@n/g", is_running=False) == ["a@n/g"]


def test_what_must_be_loaded_anew_is_not_kept_for_its_own_sake(model: Model) -> None:
    found = model(TEXT)
    assert goal_of(found, "a@n/g", "b@n/g", reloaded=("a", "b")) == ["a@n/g"]


def test_nobody_stays_who_is_gone_or_has_no_place(model: Model) -> None:
    found = model(TEXT)
    assert goal_of(found, "old@n/g", "c@n/g", "b@m/x") == ["a@n/g"]


def test_no_more_stay_than_there_may_be_and_fit(model: Model) -> None:
    found = model(TEXT)
    assert goal_of(found, "b@n/g", "b@n/h", "a@n/h") == ["a@n/h", "b@n/g"]
    tight = model(TEXT.replace("hot: 19GB", "hot: 12GB"))
    assert goal_of(tight, "a@n/h", "c@n/h") == ["a@n/h"]
