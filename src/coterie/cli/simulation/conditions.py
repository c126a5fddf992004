"""Conditions on a simulation's figures, as `p95_ttft > 2s`: what a pipeline fails on.

A figure that has no value neither meets nor misses a condition: that is an error.
"""

import operator
import re
from collections.abc import Callable, Mapping

from msgspec import Struct

from coterie.cli.simulation.figures import FIGURES, Unit, absent, spelt
from coterie.config import nearest, parse_duration, parse_size
from coterie.errors import BadRequest

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_CONDITION = re.compile(r"\s*(\w+)\s*(>=|<=|>|<)\s*([^\s<>=].*?)\s*", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
_EXAMPLES = "`p95_ttft > 2s`, `attainment < 99%` or `switches_per_hour > 120`"


class Condition(Struct, frozen=True):
    """`name` is a figure's, `limit` in its unit: seconds, bytes, a share (1: all), or a number."""

    name: str
    sign: str
    limit: float

    def __str__(self) -> str:
        return f"{self.name} {self.sign} {spelt(FIGURES[self.name].unit, self.limit)}"


def parse(text: str, option: str = "--fail-on") -> Condition:
    """A condition as it is written for `option`. Raises BadRequest, naming the nearest figure where
    there is none of that name.
    """
    try:
        return _parsed(text)
    except ValueError as error:
        raise BadRequest(f"`{option}` is wrong: {error}", option.lstrip("-")) from error


def met(condition: Condition, figures: Mapping[str, float | None]) -> bool:
    """Does it hold for the figures that `coterie.simulator.metrics.flat` gives? Raises BadRequest
    where its figure has no value.
    """
    value = figures[condition.name]
    if value is None:
        raise BadRequest(
            f"`{condition}` cannot be told: {absent(condition.name)}; leave the condition out, or "
            "simulate what has a value for it"
        )
    return OPERATORS[condition.sign](value, condition.limit)


def _parsed(text: str) -> Condition:
    match = _CONDITION.fullmatch(text[:1000])
    if match is None:
        raise ValueError(
            f"expected a figure, one of {' '.join(OPERATORS)} and a limit, such as {_EXAMPLES}, "
            f"not {text[:60]!r}"
        )
    name, sign, limit = match.groups()
    figure = FIGURES.get(name)
    if figure is None:
        known = nearest(name, list(FIGURES)) or f"; there are {', '.join(FIGURES)}"
        raise ValueError(f"no figure is called {name[:60]!r}{known}")
    try:
        return Condition(name, sign, _limit(figure.unit, limit))
    except ValueError as error:
        raise ValueError(f"the limit of {name!r}: {error}") from error


def _limit(unit: Unit, text: str) -> float:
    match unit:
        case "seconds":
            return parse_duration(text)
        case "share":
            return _share(text)
        case "bytes":
            return float(parse_size(text))
        case "bytes/h":
            return float(parse_size(text.removesuffix("/h").rstrip()))
        case "number":
            return _number(text, "")
        case "number/s":
            return _number(text, "/s")
        case "number/h":
            return _number(text, "/h")


def _share(text: str) -> float:
    number = text.removesuffix("%").rstrip()
    if not _NUMBER.fullmatch(number):
        raise ValueError(f"expected a share such as 99% or 0.99, not {text[:60]!r}")
    if text.endswith("%"):
        return float(number) / 100
    if float(number) > 1:
        raise ValueError(f"{text[:60]!r} is more than all of it: write {text[:60]}% or 0.99")
    return float(number)


def _number(text: str, per: str) -> float:
    number = text.removesuffix(per).rstrip() if per else text
    if not _NUMBER.fullmatch(number):
        form = f"120 or 120{per}" if per else "120"
        raise ValueError(f"expected a number such as {form}, not {text[:60]!r}")
    return float(number)
