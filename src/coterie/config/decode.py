"""Bytes to a Composition, or every problem of the document at once. Nothing is opened."""

from coterie.config.builder import Unreadable
from coterie.config.check import check
from coterie.config.composition import Composition
from coterie.config.document import read
from coterie.config.finding import problems
from coterie.config.reader import Reader
from coterie.errors import CompositionError, Problem


def decode(data: bytes, name: str) -> Composition:
    """The composition that `data` (YAML or JSON) describes; `name` is what its file is called.

    Raises CompositionError with all that is wrong, each with its path and, for YAML, its line.
    """
    composition, found = draft(data, name)
    if found or composition is None:
        raise CompositionError(found)
    return composition


def draft(data: bytes, name: str) -> tuple[Composition | None, tuple[Problem, ...]]:
    """The composition as far as it can be read, and all that is wrong with it.

    With problems, what is wrong is a default or empty; None: there is nothing to be read at all.
    """
    try:
        document = read(data, name)
    except Unreadable as error:
        return None, (Problem("", str(error)),)
    if document.value is None:
        return None, (Problem("", "the document is empty; it needs nodes and experts"),)
    reader = Reader()
    composition: Composition = reader.read(document.value, Composition)
    findings = [*document.findings, *reader.findings]
    if not isinstance(document.value, dict):
        return None, problems(findings)
    nodes_are_sound = not any(path[:1] == ("nodes",) for path, _ in findings)
    reported = {path for path, _ in findings}
    findings += [f for f in check(composition, nodes_are_sound) if f.path not in reported]
    return composition, problems(findings, document.value, document.lines)
