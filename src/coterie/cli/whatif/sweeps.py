"""What is varied, as it is written for `--sweep`: `hot=16GiB,32GiB`, `nodes=1..4`, `load=0.5..4`.

A range of counts has each of them; one of sizes or loads doubles, or goes in steps that are said:
`hot=16GiB..64GiB:16GiB`. Numbers are in order, the least first; policies and profiles as listed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Literal, NamedTuple

from msgspec import Struct

from coterie.config import format_size, nearest, parse_size
from coterie.errors import BadRequest
from coterie.scheduler import policy_problem

Unit = Literal["bytes", "count", "factor", "policy", "profile"]
Value = int | float | str
Point = Mapping[str, Value]
"""A value for each dimension, in the order of the sweeps."""

OPTION = "--sweep"
MOST_VALUES = 1_000
MOST_COUNT = 100_000
MOST_FACTOR = 10_000.0
_SIZES = (("TB", 10**12), ("TiB", 2**40), ("GB", 10**9), ("GiB", 2**30), ("MB", 10**6))
_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", re.ASCII)
_EXAMPLES = "hot=16GiB,32GiB,64GiB or nodes=1..4"


class Dimension(NamedTuple):
    """`is_bought`: more of it costs more, and should do better. `is_given`: it is not for the
    operator to choose, so the cheapest set-up is found for each of its values.
    """

    unit: Unit
    about: str
    is_bought: bool = False
    is_given: bool = False


DIMENSIONS: dict[str, Dimension] = {
    "nodes": Dimension("count", "how many nodes", is_bought=True),
    "hot": Dimension("bytes", "hot memory of each device", is_bought=True),
    "host": Dimension("bytes", "host memory of each node", is_bought=True),
    "replicas": Dimension("count", "`replicas` of each expert"),
    "parallel": Dimension("count", "`parallel` slots of each expert"),
    "policy": Dimension("policy", "the scheduling policy"),
    "profile": Dimension("profile", "the hardware of all nodes", is_given=True),
    "load": Dimension("factor", "how dense the requests are", is_given=True),
}


class Sweep(Struct, frozen=True):
    """A dimension and its values: bytes, counts, factors, or names."""

    name: str
    values: tuple[Value, ...]

    @property
    def dimension(self) -> Dimension:
        return DIMENSIONS[self.name]

    @property
    def is_numeric(self) -> bool:
        return self.dimension.unit in ("bytes", "count", "factor")


def parse(texts: Sequence[str]) -> tuple[Sweep, ...]:
    """The sweeps of a command. Raises BadRequest, saying what was expected."""
    found: dict[str, Sweep] = {}
    for text in texts:
        sweep = _parsed(text)
        if sweep.name in found:
            raise _wrong(f"{sweep.name!r} is given twice: list all of its values in one")
        found[sweep.name] = sweep
    return tuple(found.values())


def grid(sweeps: Sequence[Sweep]) -> list[Point]:
    """Every combination, the last sweep's values changing fastest."""
    names = [sweep.name for sweep in sweeps]
    rows = product(*(sweep.values for sweep in sweeps))
    return [dict(zip(names, row, strict=True)) for row in rows]


def size(sweeps: Sequence[Sweep]) -> int:
    """How many combinations there are."""
    count = 1
    for sweep in sweeps:
        count *= len(sweep.values)
    return count


def spelt(name: str, value: Value) -> str:
    """A value as a table has it, and as it may be written again."""
    match DIMENSIONS[name].unit:
        case "bytes":
            return size_text(int(value))
        case "factor":
            return f"{value:g}"
        case _:
            return str(value)


def size_text(size_bytes: int) -> str:
    """In the largest unit that says it exactly with four digits, else nearly."""
    for unit, one in _SIZES:
        text = f"{size_bytes / one:.4g}{unit}"
        if size_bytes >= one and "e" not in text and parse_size(text) == size_bytes:
            return text
    return format_size(size_bytes)


def named(point: Point) -> str:
    """`hot=16GiB policy=lru`; a point without dimensions is the set-up as it is."""
    return " ".join(f"{name}={spelt(name, value)}" for name, value in point.items()) or "as it is"


def _parsed(text: str) -> Sweep:
    name, equals, values = text.partition("=")
    name = name.strip()
    if not equals or not name:
        raise _wrong(f"expected a name and its values, such as {_EXAMPLES}, not {text[:60]!r}")
    if name not in DIMENSIONS:
        hint = nearest(name, list(DIMENSIONS)) or f"; there are {', '.join(DIMENSIONS)}"
        raise _wrong(f"nothing called {name[:60]!r} can be swept{hint}")
    unit = DIMENSIONS[name].unit
    try:
        found = [value for word in values.split(",") for value in _values(unit, word.strip())]
    except ValueError as error:
        raise _wrong(f"the values of {name!r}: {error}") from error
    distinct = list(dict.fromkeys(found))
    if len(distinct) > MOST_VALUES:
        raise _wrong(f"{name!r} has {len(distinct):,} values; at most {MOST_VALUES:,}")
    sweep = Sweep(name, tuple(distinct))
    return Sweep(name, tuple(sorted(distinct, key=float))) if sweep.is_numeric else sweep


def _values(unit: Unit, word: str) -> Iterator[Value]:
    """Those of one word. Raises ValueError."""
    if not word:
        raise ValueError(f"one is empty: expected a row of them, such as {_EXAMPLES}")
    first, dots, rest = word.partition("..")
    if not dots or unit in ("policy", "profile"):
        yield _value(unit, word)
        return
    last, colon, step = rest.partition(":")
    begin, end = _number(unit, first.strip()), _number(unit, last.strip())
    if begin > end:
        raise ValueError(f"{word[:60]!r} runs backwards: the least comes first")
    if colon:
        by = _number(unit, step.strip())
        count = int((end - begin) / by + 1e-9) + 1
        if count > MOST_VALUES:
            raise ValueError(f"{word[:60]!r} has {count:,} steps; at most {MOST_VALUES:,}")
        yield from (_rounded(unit, begin + by * number) for number in range(count))
    elif unit == "count":
        if end - begin >= MOST_VALUES:
            raise ValueError(f"{word[:60]!r} has more than {MOST_VALUES:,} steps; say `:STEP`")
        yield from range(int(begin), int(end) + 1)
    else:
        while begin < end:
            yield _rounded(unit, begin)
            begin *= 2
        yield _rounded(unit, end)


def _value(unit: Unit, word: str) -> Value:
    if unit == "policy":
        problem = policy_problem(word)
        if problem is not None:
            raise ValueError(problem.message)
        return word
    return word if unit == "profile" else _rounded(unit, _number(unit, word))


def _number(unit: Unit, word: str) -> float:
    if unit == "bytes":
        number = float(parse_size(word))
        if number < 1:
            raise ValueError(f"{word!r} is no memory: expected more than 0")
        return number
    expected = "a whole number such as 4" if unit == "count" else "a factor such as 0.5 or 2"
    if not _NUMBER.fullmatch(word) or (unit == "count" and "." in word):
        raise ValueError(f"expected {expected}, not {word[:60]!r}")
    number, most = float(word), MOST_COUNT if unit == "count" else MOST_FACTOR
    if not 0 < number <= most:
        raise ValueError(f"expected {expected}, above 0 and at most {most:,g}, not {word[:60]!r}")
    return number


def _rounded(unit: Unit, number: float) -> Value:
    return float(f"{number:.12g}") if unit == "factor" else round(number)


def _wrong(message: str) -> BadRequest:
    return BadRequest(f"`{OPTION}` is wrong: {message}", "sweep")
