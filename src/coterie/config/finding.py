"""What is wrong, and where: a path stays a row of keys until its line has been found."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from coterie.errors import Problem

Path = tuple[str | int, ...]
Lines = Mapping[tuple[int, str | int], int]
"""The line of each item, by the identity of its container and its key or index."""


class Finding(NamedTuple):
    """A problem whose path is not yet text."""

    path: Path
    message: str


def render(path: Path) -> str:
    """`experts[2].context`; a key that is not a plain word is quoted: `defaults['a b']`."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        elif not key.replace("-", "_").isidentifier():
            text += f"[{shorten(key)}]"
        else:
            text += f".{key}" if text else key
    return text


def line_of(path: Path, document: Any, lines: Lines) -> int | None:
    """The line on which the value at `path`, or the nearest thing around it, begins."""
    line = None
    here = document
    for key in path:
        line = lines.get((id(here), key), line)
        if isinstance(here, dict) and isinstance(key, str):
            here = here.get(key)
        elif isinstance(here, list) and isinstance(key, int) and key < len(here):
            here = here[key]
        else:
            break
    return line


def problems(
    findings: Iterable[Finding], document: Any = None, lines: Lines | None = None
) -> tuple[Problem, ...]:
    """The findings as problems, by line where lines are known."""
    found = []
    for path, message in findings:
        line = line_of(path, document, lines) if lines else None
        where = f" (line {line})" if line else ""
        found.append((line or 0, Problem(render(path), message + where)))
    return tuple(problem for _, problem in sorted(found, key=lambda item: item[0]))


def nearest(word: str, words: Sequence[str]) -> str:
    """`; did you mean 'context'?`, or nothing where no word is near."""
    folded = {known.lower(): known for known in words}
    near = difflib.get_close_matches(word.lower()[:80], list(folded), n=1, cutoff=0.6)
    return f"; did you mean {folded[near[0]]!r}?" if near else ""


def listed(words: Sequence[str], most: int = 12) -> str:
    """`'a', 'b' and 'c'`, cut after `most`."""
    shown = [repr(word) for word in words[:most]]
    if len(words) > most:
        return f"{', '.join(shown)} and {len(words) - most} more"
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else "".join(shown)


def shorten(value: object, most: int = 60) -> str:
    """`repr(value)`, cut where it grows long."""
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= most else text[: most - 1] + "…"
