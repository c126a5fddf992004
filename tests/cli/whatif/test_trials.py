"""A point becomes a set-up and what it costs; simulated, it has figures."""

from collections.abc import Callable

import pytest

from coterie.cli.simulation.modelled import Modelled
from coterie.cli.whatif.trials import Base, at_load, prepared, simulated
from coterie.errors import ProfileInvalid
from coterie.scheduler import events as on

Model = Callable[[str], Modelled]
TWO = """
nodes: [{name: n, devices: [{name: g, kind: cuda, hot: 10GB}]}]
experts:
- {name: a, engine: echo, options: {hot: 10GB}}
- {name: b, engine: echo, options: {hot: 10GB}}
"""
REQUESTS = [
    on.Arrived(10.0 * number, f"r{number}", "ab"[number % 2], prompt_bytes=750, output_tokens=10)
    for number in range(8)
]


def test_more_memory_needs_fewer_loads(model: Model, profile: str) -> None:
    base = Base(model(TWO), (profile,))
    figures = []
    for hot in (10 * 10**9, 20 * 10**9):
        one = prepared({"hot": hot}, base)
        assert one.task is not None
        assert one.trial.cost.hot_bytes == hot
        assert not one.trial.wrong
        figures.append(simulated(REQUESTS, one.task))
    assert [one["switches"] for one in figures] == [7.0, 0.0]
    assert figures[0]["p50_ttft"] == pytest.approx(1.05, abs=0.05)
    assert figures[1]["p50_ttft"] == pytest.approx(0.02, abs=0.02)


def test_what_does_not_fit_is_impossible_and_says_why(model: Model, profile: str) -> None:
    one = prepared({"hot": 9 * 10**9}, Base(model(TWO), (profile,)))
    assert one.task is None
    assert "'a' needs 9.31GiB of hot memory" in one.trial.wrong
    assert one.trial.figures == {}


def test_a_node_that_an_expert_needs_cannot_go(model: Model, profile: str) -> None:
    text = TWO.replace("]}]\n", "]}, {name: m, devices: [{name: g, kind: cuda, hot: 10GB}]}]\n", 1)
    text = text.replace("name: a,", "name: a, devices: [m/g],")
    one = prepared({"nodes": 1}, Base(model(text), (profile,)))
    assert one.task is None
    assert one.trial.wrong == "'a' may only run on 'm/g', which is not there"


def test_more_nodes_are_copies_with_the_same_profile(model: Model, profile: str) -> None:
    found = model(TWO)
    base = Base(found, (f"n={profile}",))
    one = prepared({"nodes": 3}, base)
    assert one.task is not None
    assert [device.device for device in one.task.setup.devices] == ["n/g", "n-2/g", "n-3/g"]
    assert len({one.task.setup.kinds[device.device] for device in one.task.setup.devices}) == 1


def test_another_profile_is_another_machine(model: Model, profile: str) -> None:
    one = prepared({"profile": "h200"}, Base(model(TWO), (profile,)))
    assert one.task is not None
    assert one.task.setup.places[0].link == pytest.approx(64e9)
    with pytest.raises(ProfileInvalid, match="no profile 'h300'"):
        prepared({"profile": "h300"}, Base(model(TWO), (profile,)))


def test_a_note_is_of_the_point_that_it_is_about(model: Model, profile: str) -> None:
    base = Base(model(TWO), (profile,))
    assert prepared({"hot": 20 * 10**9}, base).trial.notes == ()
    (note,) = prepared({"hot": 2 * 10**12}, base).trial.notes
    assert "more than the 931.3GiB of profile 'round'" in note


def test_a_load_makes_the_same_requests_denser() -> None:
    assert at_load(REQUESTS, 1.0) is REQUESTS
    assert [one.at for one in at_load(REQUESTS, 4.0)] == [2.5 * number for number in range(8)]
