"""Steps stay within memory, keep what may stay, and say why."""

from collections.abc import Callable
from random import Random

import pytest
from msgspec import structs

from coterie.cli.plan.hosted import distinct
from coterie.cli.plan.steps import Step, way
from coterie.cli.simulation.modelled import Modelled
from coterie.types import expert_of

Model = Callable[[str], Modelled]
GB = 10**9
TEXT = """
nodes: [{name: n, devices: [{name: g, kind: cuda, hot: 20GB}]}]
experts:
- {name: a, engine: echo, preload: true, options: {hot: 10GB}}
- {name: b, engine: echo, pin: true, options: {hot: 8GB}}
- {name: c, engine: echo, options: {hot: 5GB}}
"""


def test_from_nothing_there_are_loads_alone(model: Model) -> None:
    found = way(None, (), model(TEXT), ["a@n/g", "b@n/g"], {})
    first, second = found.steps
    assert first == Step("load", "a", "n/g", 10 * GB, "it is preloaded", 10 * GB, 1.0)
    assert (second.reason, second.free_bytes) == ("it is pinned", 2 * GB)
    assert (found.kept, found.moved_bytes) == ((), 18 * GB)
    assert found.seconds == pytest.approx(1.8)


def test_what_fits_is_loaded_before_anybody_goes(model: Model) -> None:
    there = model(TEXT)
    found = way(there, ["b@n/g", "c@n/g"], there, ["a@n/g", "b@n/g"], {})
    assert [(one.action, one.expert, one.reason) for one in found.steps] == [
        ("unload", "c", "it makes room"),
        ("load", "a", "it is preloaded"),
    ]
    assert found.kept == ("b@n/g",)
    other = way(there, ["c@n/g"], there, ["b@n/g"], {})
    assert [(one.action, one.expert) for one in other.steps] == [("load", "b"), ("unload", "c")]
    assert other.steps[1].reason == "it is neither pinned nor preloaded"


def test_what_is_loaded_anew_goes_first(model: Model) -> None:
    there = model(TEXT)
    larger = model(TEXT.replace("hot: 5GB", "hot: 6GB"))
    found = way(there, ["c@n/g"], larger, ["c@n/g"], {"c": "`options.hot` is 6GB, was 5GB"})
    assert [(one.action, one.bytes) for one in found.steps] == [
        ("unload", 5 * GB),
        ("load", 6 * GB),
    ]
    assert {one.reason for one in found.steps} == {"`options.hot` is 6GB, was 5GB"}


def test_a_device_that_goes_is_emptied(model: Model) -> None:
    there = model(TEXT)
    after = model(TEXT.replace("name: g", "name: h"))
    found = way(there, ["c@n/g"], after, ["c@n/h"], {})
    assert [(one.action, one.device, one.reason) for one in found.steps] == [
        ("unload", "n/g", "the device goes"),
        ("load", "n/h", "a server loads its first expert at start"),
    ]


def test_weights_that_are_new_are_fetched(model: Model) -> None:
    remote = TEXT.replace("name: c,", "name: c, weights: 'https://example.org/c.gguf',")
    (step,) = way(model(TEXT), (), model(remote), (), {}).steps
    assert (step.action, step.expert, step.bytes, step.device) == ("fetch", "c", 5 * GB, "")
    assert step.free_bytes is None


@pytest.mark.parametrize("seed", range(20))
def test_memory_holds_at_every_step(model: Model, seed: int) -> None:
    draw = Random(seed)
    experts = "".join(
        f"- {{name: e{i}, engine: echo, options: {{hot: {draw.randint(1, 9)}GB}}}}\n"
        for i in range(8)
    )
    there = model(f"{TEXT.partition('experts')[0]}experts:\n{experts}")
    before, after = (_filled(there, draw) for _ in range(2))
    reasons = {f"e{i}": "another context" for i in range(8) if draw.random() < 0.3}
    found = way(there, before, there, after, reasons)
    held = set(before)
    for step in found.steps:
        replica = f"{step.expert}@{step.device}"
        if step.action == "unload":
            held.remove(replica)
        else:
            assert replica not in held
            held.add(replica)
        used = distinct(part for one in held for part in there.setup.anywhere(expert_of(one)).parts)
        assert step.free_bytes == 20 * GB - used >= 0
    assert held == set(after)
    assert set(found.kept) == {
        one for one in before if one in after and expert_of(one) not in reasons
    }


def _filled(there: Modelled, draw: Random) -> list[str]:
    names = [one.expert for one in there.setup.experts]
    draw.shuffle(names)
    found: list[str] = []
    for name in names:
        used = sum(distinct(there.setup.anywhere(expert_of(one)).parts) for one in found)
        if used + distinct(there.setup.anywhere(name).parts) <= 20 * GB:
            found.append(f"{name}@n/g")
    return found


def test_seconds_are_none_where_nothing_is_known(model: Model) -> None:
    step = Step("unload", "a", "n/g", 1, "why")
    assert structs.asdict(step)["seconds"] is None
