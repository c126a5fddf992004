"""A scheduler in a small world, for tests that are sentences: given these events, these actions."""

from typing import Any

from coterie.config import Limits
from coterie.scheduler import Action, Load, Refuse, Scheduler, policy
from coterie.scheduler import events as on
from coterie.types import Budget, Footprint, Part

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


def taught(
    core: Scheduler,
    expert: str,
    at: float,
    *,
    prompt_bytes: int,
    first_s: float,
    tokens: int = 1,
    run_s: float = 0.0,
) -> None:
    """Loads an expert where it is cold, and shows how long a prompt and an answer take."""
    if all(status.phase != "hot" for status in core.experts(at) if status.name == expert):
        hot(core, expert, at - 1.0)
    run_s = max(run_s, first_s)
    core.handle(on.Arrived(at, f"{expert}-taught", expert, prompt_bytes=prompt_bytes))
    core.handle(on.Began(at + first_s, f"{expert}-taught"))
    core.handle(
        on.Finished(
            at + run_s,
            f"{expert}-taught",
            first_byte_s=first_s,
            run_s=run_s,
            output_tokens=tokens,
        )
    )


def ask(at: float, request: str, expert: str, budget: Budget, **fields: Any) -> on.Arrived:
    """A request with a budget."""
    return on.Arrived(at, request, expert, budget=budget, **fields)


def refused(actions: list[Action]) -> Refuse:
    """The one refusal among them."""
    (refuse,) = (action for action in actions if isinstance(action, Refuse))
    return refuse
