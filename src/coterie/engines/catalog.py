"""Engines by name. Ours and strangers' are found the same way: the entry-point group
`coterie.engines`.
"""

import difflib
from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from coterie.engines.protocol import Engine
from coterie.errors import EngineUnknown

GROUP = "coterie.engines"

Create = Callable[[Path], Engine]


def names() -> tuple[str, ...]:
    """The engines that are installed."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def create(name: str, state_dir: Path) -> Engine:
    """The engine of that name, keeping its files under `state_dir`. Raises EngineUnknown."""
    return pick(name, entry_points(group=GROUP))(state_dir)


def pick(name: str, points: Iterable[EntryPoint]) -> Create:
    """The entry point of that name, loaded. Raises EngineUnknown, with the nearest names or what
    its import lacks.
    """
    found = {point.name: point for point in points}
    if name not in found:
        near = difflib.get_close_matches(name, sorted(found), 3) or sorted(found)
        hint = (
            f"did you mean {', '.join(map(repr, near))}?"
            if near
            else f"nothing declares {GROUP!r}: install coterie"
        )
        raise EngineUnknown(f"no engine {name!r} is installed; {hint}")
    try:
        load: Create = found[name].load()
    except (ImportError, AttributeError) as error:
        raise EngineUnknown(
            f"engine {name!r} is declared as {found[name].value!r} but cannot be imported: {error}"
        ) from error
    return load
