"""What distributions and events look like on a command line: `zipf:1.1`, `base@1m+30sx5`."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import TypeVar

from coterie.config import parse_duration
from coterie.errors import BadRequest
from coterie.workloads.demand import Crowd
from coterie.workloads.formats.format import TraceOptions
from coterie.workloads.lengths import Empirical, Fixed, Lengths, Lognormal, Quantiles
from coterie.workloads.popularity import EVEN, Popularity, Weighted, Zipf
from coterie.workloads.tallies import Reservoir
from coterie.workloads.traces import Trace

T = TypeVar("T")
SEEN = 100_000
PYTHONS = ("invalid literal", "could not convert", "not enough", "too many", "Exceeds")
"""How Python begins what it says of texts that are no numbers."""
LENGTHS = "200, lognormal:MEDIAN,SIGMA, quantiles:50=120,99=4000 or trace:FILE"
_CROWD = re.compile(r"(?P<expert>.+)@(?P<begin>[^@+]+)\+(?P<length>[^@+]+)x(?P<factor>[0-9.]+)")


def popularity_of(text: str) -> Popularity:
    """`even`, `zipf:1.1` or `weights:3,1,1`. Raises BadRequest, as the others do."""
    kind, _, rest = text.partition(":")
    expected = "even, zipf:1.1 or weights:3,1,1"
    if kind == "even" and not rest:
        return EVEN
    if kind == "zipf":
        return _made("--popularity", text, expected, lambda: Zipf(float(rest)))
    if kind == "weights":
        return _made("--popularity", text, expected, lambda: Weighted(_numbers(rest)))
    raise BadRequest(f"`--popularity` is {text!r}: expected {expected}")


def lengths_of(option: str, text: str) -> Lengths:
    """A number, `lognormal:MEDIAN,SIGMA`, `quantiles:50=120,99=4000`, or `trace:FILE`."""
    kind, _, rest = text.partition(":")
    if kind == "lognormal":
        return _made(option, text, LENGTHS, lambda: Lognormal(*_two(rest)))
    if kind == "lognormal-mean":
        return _made(option, text, LENGTHS, lambda: Lognormal.of_mean(*_two(rest)))
    if kind == "quantiles":
        return _made(option, text, LENGTHS, lambda: _quantiles(rest))
    if kind == "trace" and rest:
        return _seen(Path(rest), option != "--output-tokens")
    return _made(option, text, LENGTHS, lambda: Fixed(int(text)))


def crowd_of(text: str) -> Crowd:
    """`EXPERT@BEGIN+LENGTHxFACTOR`, as `base@1m+30sx5`."""
    expected = "EXPERT@BEGIN+LENGTHxFACTOR, as base@1m+30sx5"
    found = _CROWD.fullmatch(text)
    if found is None:
        raise BadRequest(f"`--flash` is {text!r}: expected {expected}")
    return _made(
        "--flash",
        text,
        expected,
        lambda: Crowd(
            found["expert"],
            parse_duration(found["begin"]),
            parse_duration(found["length"]),
            float(found["factor"]),
        ),
    )


def step_of(text: str) -> tuple[float, float]:
    """`TIME=RATE`, as `10m=2.5`: the rate that holds from then on."""
    begin, _, rate = text.partition("=")
    return _made(
        "--step", text, "TIME=RATE, as 10m=2.5", lambda: (parse_duration(begin), float(rate))
    )


def pairs_of(option: str, texts: Sequence[str]) -> dict[str, str]:
    """`A=B` as a mapping."""
    found: dict[str, str] = {}
    for text in texts:
        old, _, new = text.rpartition("=")
        if not old or not new or old in found:
            raise BadRequest(f"`{option}` is {text!r}: expected MODEL=EXPERT, each model once")
        found[old] = new
    return found


def _made(option: str, text: str, expected: str, make: Callable[[], T]) -> T:
    try:
        return make()
    except (ValueError, TypeError) as error:
        why = "" if str(error).startswith(PYTHONS) else f" ({error})"
        raise BadRequest(f"`{option}` is {text[:80]!r}: expected {expected}{why}") from error


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(one) for one in text.split(","))


def _two(text: str) -> tuple[float, float]:
    one, two = _numbers(text)
    return one, two


def _quantiles(text: str) -> Quantiles:
    pairs = [one.partition("=") for one in text.split(",")]
    percents = tuple(float(percent.removeprefix("p")) for percent, _, _ in pairs)
    return Quantiles(percents, tuple(float(value) for _, _, value in pairs))


def _seen(path: Path, of_prompts: bool) -> Empirical:
    """The lengths in a trace, or a sample of them. Raises TraceInvalid."""
    kept: Reservoir[int] = Reservoir(SEEN, Random(0))
    for one in Trace(path, TraceOptions(nobody="-")):
        kept.add(one.prompt_tokens if of_prompts else one.output_tokens)
    return Empirical(tuple(kept.kept))
