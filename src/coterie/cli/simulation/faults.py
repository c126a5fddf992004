"""Faults as they are written for `--fault`: `node:west@120s+60s`, `disk:west@60s+30sx0.1`."""

import re
from typing import cast

from msgspec import Struct

from coterie.config import nearest, parse_duration
from coterie.errors import BadRequest
from coterie.simulator import FREE, Faults, Planned, Setup
from coterie.simulator.faults import Kind

OPTION = "--fault"
MOST_CRASHES = 3600.0  # an hour, of each replica: with more, none would answer anything
_FORM = re.compile(
    r"(?P<kind>\w+):(?P<node>[^@]+)@(?P<at>[^@+x]+)\+(?P<length>[^@+x]+)(?:x(?P<factor>[^@+x]+))?"
)
_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", re.ASCII)
_EXAMPLES = (
    "node:NAME@120s+60s (gone from 120 s on, for 60 s), disk:NAME@60s+30sx0.1 or "
    "link:NAME@60s+30sx0.25 (with so much of its speed)"
)


class Going(Struct, frozen=True):
    """What is to go wrong, as options say it."""

    planned: tuple[str, ...] = ()
    crashes_per_hour: float = 0.0
    load_fails: float = 0.0
    seed: int = 0


def faults(setup: Setup, going: Going) -> Faults:
    """The same, checked against the machines that there are. Raises BadRequest, saying what was
    expected.
    """
    planned, crashes_per_hour, load_fails = going.planned, going.crashes_per_hour, going.load_fails
    if not 0 <= crashes_per_hour <= MOST_CRASHES:
        raise _wrong(
            "--crashes-per-hour",
            f"is {crashes_per_hour:g}: expected 0 to {MOST_CRASHES:g}, of each hot replica",
        )
    if not 0 <= load_fails <= 1:
        raise _wrong("--load-fails", f"is {load_fails:g}: expected a chance from 0 to 1, as 0.05")
    found = [_planned(text) for text in planned]
    for number, one in enumerate(found):
        _check(one, planned[number], setup)
        for place, other in enumerate(found[:number]):
            if _meet(one, other):
                raise _wrong(
                    OPTION, f"{planned[number]!r} begins before {planned[place]!r} is over"
                )
    return Faults(tuple(found), crashes_per_hour, load_fails, going.seed)


def _planned(text: str) -> Planned:
    match = _FORM.fullmatch(text.strip())
    if match is None or match["kind"] not in ("node", "disk", "link"):
        raise _wrong(OPTION, f"{text[:80]!r}: expected {_EXAMPLES}")
    try:
        at_s, for_s = parse_duration(match["at"].strip()), parse_duration(match["length"].strip())
    except ValueError as error:
        raise _wrong(OPTION, f"{text[:80]!r}: {error}") from error
    if not for_s:
        raise _wrong(OPTION, f"{text[:80]!r} lasts 0 s: expected more")
    kind = cast(Kind, match["kind"])
    return Planned(kind, match["node"], at_s, for_s, _factor(kind, match["factor"], text))


def _factor(kind: Kind, factor: str | None, text: str) -> float:
    if kind == "node":
        if factor is not None:
            raise _wrong(OPTION, f"{text[:80]!r}: a node is gone or there: leave out 'x{factor}'")
        return 1.0
    if factor is None:
        raise _wrong(OPTION, f"{text[:80]!r}: how much is left of its speed? Add as x0.1")
    value = float(factor) if _NUMBER.fullmatch(factor) else 0.0
    if not 0 < value <= 1:
        raise _wrong(OPTION, f"{text[:80]!r}: expected a part of its speed above 0, as x0.1")
    return value


def _check(one: Planned, text: str, setup: Setup) -> None:
    """Whether there is such a node, and anything there that the fault would change."""
    nodes = list(dict.fromkeys(device.node for device in setup.devices))
    if one.node not in nodes:
        hint = nearest(one.node, nodes) or f"; there are {', '.join(map(repr, nodes[:20]))}"
        raise _wrong(OPTION, f"{text[:80]!r}: there is no node {one.node!r}{hint}")
    if one.kind == "node":
        return
    speeds = [getattr(place, one.kind) for place in setup.places if place.node == one.node]
    if not speeds or speeds[0] == FREE:
        raise _wrong(
            OPTION,
            f"{text[:80]!r}: the profile of {one.node!r} has no {one.kind}, so nothing would be "
            "slower",
        )


def _meet(one: Planned, other: Planned) -> bool:
    return (
        one.kind == other.kind
        and one.node == other.node
        and one.at_s < other.at_s + other.for_s
        and other.at_s < one.at_s + one.for_s
    )


def _wrong(option: str, message: str) -> BadRequest:
    return BadRequest(f"`{option}` {message}", option.lstrip("-"))
