"""What a profile that is made is called, and what its file may be."""

import re
from pathlib import Path

from coterie.errors import BadRequest


def named(name: str | None, output: Path | None, usual: str) -> str:
    """As it is said, else as its file is called, else `usual`. Raises BadRequest."""
    if name is None:
        stem = output.stem if output else ""
        return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:64] or usual
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise BadRequest(f"`--name` is {name!r}: expected letters, digits and . _ -", "name")
    return name


def check_target(output: Path) -> None:
    """Raises BadRequest where the name is none of a profile's file."""
    if output.suffix not in (".yaml", ".yml"):
        raise BadRequest(f"`--output` is {str(output)!r}: expected a name in .yaml", "output")
