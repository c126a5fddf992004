"""A scheduler in a small world, for tests that are sentences: given these events, these actions."""

from coterie.config import Limits
from coterie.scheduler import Load, Scheduler, policy
from coterie.scheduler import events as on
from coterie.types import Footprint, Part

LIMITS = Limits(wait=30.0, starvation=3.0, queue=1000, queue_per_expert=50, backoff=0.5)


def scheduler(name: str = "cost", limits: Limits = LIMITS) -> Scheduler:
    return Scheduler(policy(name), limits)


def parts(expert: str, size: int = 10) -> tuple[Part, ...]:
    """Weights of `size` bytes and 2 bytes of its own."""
    return Part(f"sha256:{expert}", size), Part(f"private:{expert}", 2)


def ready(core: Scheduler, *experts: str, hot: int = 12, **device: int) -> None:
    """The device `n/d`, and experts of 12 bytes and 2 slots whose weights are on disk."""
    core.handle(on.DeviceJoined(0.0, "n/d", "n", hot, **device))
    for name in experts:
        core.handle(on.Declared(0.0, name, slots=2))
        core.handle(on.Fetched(0.0, name, Footprint(hot=parts(name))))


def hot(core: Scheduler, expert: str, at: float, load_s: float = 1.0) -> int:
    """Loads an expert through its first request `EXPERT-0`, and ends that. Its generation."""
    (load,) = core.handle(on.Arrived(at - load_s, f"{expert}-0", expert))
    assert isinstance(load, Load)
    core.handle(on.Loaded(at, load.replica, load.generation, load_s))
    core.handle(on.Finished(at, f"{expert}-0", run_s=0.1))
    return load.generation
