"""Points are simulated in their order, those that are impossible are not."""

from collections.abc import Callable

from coterie.cli.simulation.modelled import Modelled
from coterie.cli.whatif.running import running
from coterie.cli.whatif.trials import Base
from coterie.scheduler import events as on

ONE = """
nodes: [{name: n, devices: [{name: g, kind: cuda, hot: 10GB}]}]
experts: [{name: a, engine: echo, options: {hot: 10GB}}]
"""
REQUESTS = [on.Arrived(0.0, "r", "a", prompt_bytes=750, output_tokens=10)]


def test_points_come_to_trials(model: Callable[[str], Modelled], profile: str) -> None:
    with running(Base(model(ONE), (profile,)), REQUESTS, 1) as run:
        fits, does_not = run([{"hot": 10**10}, {"hot": 10**9}])
        (again,) = run([{"hot": 10**10}])
    assert fits.figures["answered"] == 1
    assert does_not.figures == {}
    assert again == fits
