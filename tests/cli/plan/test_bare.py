"""What a request takes with nobody beside it: bytes over links, operations over compute."""

from collections.abc import Callable

import pytest

from coterie.cli.plan.bare import USUAL, Typical, Undisturbed, typical
from coterie.cli.simulation.modelled import Modelled
from coterie.scheduler import events as on
from coterie.types import Budget

ONE = """
nodes: [{name: n, devices: [{name: g, kind: cuda, hot: 20GB}, {name: h, kind: cuda, hot: 20GB}]}]
experts:
- {name: a, engine: echo, context: 4096, options: {hot: 10GB}}
- {name: b, engine: echo, devices: [n/h], options: {hot: 10GB}}
"""


def test_loads_and_prompts_are_those_of_the_machine(model: Callable[[str], Modelled]) -> None:
    setup = model(ONE.replace(", {name: h, kind: cuda, hot: 20GB}", "").replace("n/h", "n/g")).setup
    takes = Undisturbed(setup).takes("a", Typical(1000, 101))
    assert takes is not None
    assert takes.device == "n/g"
    assert takes.load_s == pytest.approx(1.0)
    assert takes.cold_load_s == pytest.approx(10.0)
    assert takes.first_s == pytest.approx(0.1, rel=0.1)  # 2 x 5e9 x 1000 operations
    assert takes.last_s - takes.first_s == pytest.approx(100 * 0.01)  # 10 GB at 1 TB/s each


def test_an_expert_is_looked_at_where_it_may_be(model: Callable[[str], Modelled]) -> None:
    undisturbed = Undisturbed(model(ONE).setup)
    takes = [undisturbed.takes(name, USUAL) for name in "ab"]
    assert [one and one.device for one in takes] == ["n/g", "n/h"]
    there = undisturbed.takes("a", device="n/h")
    assert there is not None
    assert there.device == "n/h"


def test_typical_is_the_median_and_the_tightest_budget() -> None:
    requests = [
        on.Arrived(
            float(number),
            f"r{number}",
            "a",
            prompt_bytes=150 + 6 * tokens,
            output_tokens=tokens // 10,
            budget=budget,
        )
        for number, (tokens, budget) in enumerate(
            [(100, Budget(ttft=3.0)), (200, Budget(ttft=2.0, e2e=9.0)), (900, Budget())]
        )
    ]
    assert typical(requests) == {"a": Typical(200, 20, Budget(ttft=2.0, e2e=9.0), 3)}
