"""An arrival is a value: when (seconds from the start), whom it asks, how many tokens."""

from collections.abc import Iterable, Sequence

from msgspec import Struct, structs

from coterie.types import Priority


class Arrival(Struct, frozen=True, gc=False):
    """One request of a workload, `at_s` seconds after its start.

    `session` is the conversation that it belongs to; empty: to none.
    """

    at_s: float
    expert: str
    prompt_tokens: int
    output_tokens: int
    tenant: str = ""
    session: str = ""
    priority: Priority = "standard"


def at_speed(arrivals: Iterable[Arrival], speed: float) -> list[Arrival]:
    """The same arrivals, `speed` times as dense: at 0.5 each comes at twice its time."""
    if not speed > 0:
        raise ValueError(f"a speed of {speed!r} never gets anywhere: give a number above 0")
    return [structs.replace(arrival, at_s=arrival.at_s / speed) for arrival in arrivals]


def before(arrivals: Sequence[Arrival], seconds: float) -> list[Arrival]:
    """Those that come in the first `seconds`."""
    return [arrival for arrival in arrivals if arrival.at_s < seconds]


def with_tokens(
    arrivals: Iterable[Arrival],
    *,
    most_prompt_tokens: int | None = None,
    output_tokens: int | None = None,
) -> list[Arrival]:
    """The same arrivals with prompts cut to a context, and with one length of output for all."""
    return [
        structs.replace(
            arrival,
            prompt_tokens=(
                arrival.prompt_tokens
                if most_prompt_tokens is None
                else min(arrival.prompt_tokens, most_prompt_tokens)
            ),
            output_tokens=arrival.output_tokens if output_tokens is None else output_tokens,
        )
        for arrival in arrivals
    ]
