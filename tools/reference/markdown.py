"""Markdown out of plain values: a cell never breaks its table."""

import inspect
import json
from collections.abc import Iterable, Sequence
from typing import Any

NOTICE = "<!-- Made by `make docs`. Change the sources that it is made from. -->"


def page(title: str, *parts: str) -> str:
    """A whole page, with the note that it is made."""
    return "\n\n".join((NOTICE, f"# {title}", *(part.strip() for part in parts if part))) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with a line for each row."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell(text) for text in line) + " |" for line in lines)


def cell(text: str) -> str:
    """Text that stays in its cell."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    """`text`, also where it is empty or has backticks."""
    if "`" in text:
        return f"`` {text} ``"
    return f"`{text}`" if text else ""


def value(given: Any) -> str:
    """A default as one would write it in YAML."""
    return code(given if isinstance(given, str) and given else json.dumps(given))


def said(thing: Any) -> str:
    """A docstring as paragraphs, each on one line."""
    text = inspect.getdoc(thing) or ""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
