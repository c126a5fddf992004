"""The command line: the only place that wires the rooms together."""

from coterie.cli.app import main

__all__ = ["main"]
