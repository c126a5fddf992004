from benchmarks.multiplex import DEFAULT_SYSTEMS
from benchmarks.systems import SYSTEMS, loads_in

LOG = """0.00.272.305 I srv  load: spawning server instance with name=expert-13 on port 40095
0.00.272.325 I srv  load: spawning server instance with args:
0.01.313.867 I srv  load: spawning server instance with name=expert-02 on port 45173
"""


def test_a_load_of_the_router_is_a_worker_that_it_starts() -> None:
    assert loads_in(LOG) == 2


def test_what_runs_by_default_is_there() -> None:
    assert set(DEFAULT_SYSTEMS) < set(SYSTEMS)
