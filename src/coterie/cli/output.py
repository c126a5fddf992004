"""What `--json` prints: one document, indented for people, keys in their declared order."""

from typing import Any

import msgspec
import typer


def print_json(document: Any) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
