"""A profile made to say what was observed: efficiencies and overheads, each with its uncertainty.

Observations may be of a bench, of a journal, or of `coterie profile measure`.
"""

from collections.abc import Sequence

from msgspec import Struct, structs

from coterie.errors import ProfileInvalid
from coterie.hardware.costs import load_s, prefill_s, step_s
from coterie.hardware.least_squares import line, proportion
from coterie.hardware.model import Card
from coterie.hardware.profile import Profile

MOST_REACHED = 1.02
"""How much of its data sheet a machine may be seen to reach before the sheet is wrong."""


class Step(Struct, frozen=True):
    """Seconds until each of `batch` answers had one more token, at so many tokens of context."""

    batch: int
    context: float
    seconds: float


class Observed(Struct, frozen=True):
    """Of one expert: prompts (tokens, seconds to the first token), steps, and loads from host
    memory (bytes, seconds). What was not looked at is empty, and stays as the profile has it.
    """

    prompts: Sequence[tuple[int, float]] = ()
    steps: Sequence[Step] = ()
    loads: Sequence[tuple[int, float]] = ()


def calibrated(profile: Profile, card: Card, observed: Observed) -> Profile:
    """The profile with what was observed in place of what it said. Raises ProfileInvalid where more
    was reached than it says there is, ValueError where an observation makes no sense.
    """
    if observed.prompts:
        profile = _prompts(profile, card, observed.prompts)
    if observed.steps:
        profile = _steps(profile, card, observed.steps)
    if observed.loads:
        profile = _loads(profile, observed.loads)
    return profile


def errors(profile: Profile, card: Card, observed: Observed) -> dict[str, tuple[float, ...]]:
    """How far the cost model is off, as parts of what was observed, by what it is of."""
    prompts = tuple(prefill_s(profile, card, n) / seconds - 1 for n, seconds in observed.prompts)
    steps = tuple(
        step_s(profile, card, one.batch, one.context) / one.seconds - 1 for one in observed.steps
    )
    loads = tuple(load_s(profile, size) / seconds - 1 for size, seconds in observed.loads)
    return {"prompts": prompts, "steps": steps, "loads": loads}


def _prompts(profile: Profile, card: Card, prompts: Sequence[tuple[int, float]]) -> Profile:
    """What tokens add is compute, the rest is overhead."""
    found = line(prompts)
    profile = _overhead(profile, "first_token", found.intercept, found.intercept_error)
    if not found.slope:
        return profile  # prompts that short are bound by reading the weights
    token = card.prompt_operations(2) - card.prompt_operations(1)
    reached = token / found.slope
    error = found.slope_error / found.slope
    return _efficiency(profile, "prefill", reached, profile.compute, "compute", error)


def _steps(profile: Profile, card: Card, steps: Sequence[Step]) -> Profile:
    """The fewest answers at once tell how fast weights are read; more of them, from how many on
    compute is what bounds them: by the least squared error of the roofline with that bend.
    """
    bandwidth = profile.tiers.hot.bandwidth
    overhead_s = profile.overheads.token
    least = min(one.batch for one in steps)
    cached = card.kv_bytes_per_token
    reading = [
        (card.bytes_read(one.batch) + one.batch * one.context * cached, one.seconds - overhead_s)
        for one in steps
        if one.batch == least
    ]
    byte_s, error = proportion(reading)
    profile = _efficiency(
        profile, "bandwidth", 1 / byte_s, bandwidth, "tiers.hot.bandwidth", error / byte_s
    )
    best, least_error = profile, float("inf")
    for batch in sorted({one.batch for one in steps if one.batch > least}):
        beyond = [(one.batch, one.seconds - overhead_s) for one in steps if one.batch >= batch]
        token_s, error = proportion(beyond)
        reached = card.operations(1) / token_s
        bent = _efficiency(profile, "decode", reached, profile.compute, "compute", error / token_s)
        squares = sum(one**2 for one in errors(bent, card, Observed(steps=steps))["steps"])
        if squares < least_error:
            best, least_error = bent, squares
    return best


def _loads(profile: Profile, loads: Sequence[tuple[int, float]]) -> Profile:
    """What bytes add is the links', the rest is overhead."""
    found = line(loads)
    profile = _overhead(profile, "load", found.intercept, found.intercept_error)
    if profile.links is None or not found.slope:
        return profile
    whole = profile.links.count * profile.links.bandwidth
    error = found.slope_error / found.slope
    return _efficiency(profile, "link", 1 / found.slope, whole, "links.bandwidth", error)


def _efficiency(
    profile: Profile, name: str, reached: float, whole: float, figure: str, error: float
) -> Profile:
    """The profile with another efficiency. Raises ProfileInvalid where that is more than all."""
    if reached > MOST_REACHED * whole:
        raise ProfileInvalid(
            f"profile {profile.name!r}: {figure!r} is {whole:.4g} a second, and {reached:.4g} were "
            "observed: raise it"
        )
    efficiency = structs.replace(profile.efficiency, **{name: min(1.0, reached / whole)})
    known = profile.uncertainty | {f"efficiency.{name}": error}
    return structs.replace(profile, efficiency=efficiency, uncertainty=known)


def _overhead(profile: Profile, name: str, seconds: float, error: float) -> Profile:
    overheads = structs.replace(profile.overheads, **{name: seconds})
    known = profile.uncertainty | ({f"overheads.{name}": error / seconds} if seconds else {})
    return structs.replace(profile, overheads=overheads, uncertainty=known)
