"""Where a composition's state lies: one directory each, the same for every command."""

import os
from pathlib import Path


def state_dir(option: Path | None, name: str) -> Path:
    """`--state` where given, else `$COTERIE_STATE`, else a directory of the composition's name."""
    if option is not None:
        return option
    if said := os.environ.get("COTERIE_STATE"):
        return Path(said)
    home = os.environ.get("XDG_STATE_HOME")
    base = Path(home) if home else Path.home() / ".local" / "state"
    return base / "coterie" / name
