"""What is in a page: code blocks, links, headings, and the commands that it mentions."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).parents[1]

_FENCE = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
_CODE = re.compile(r"(`+)(.+?)\1", re.DOTALL)
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


class Block(Struct, frozen=True):
    """A fenced block: `kind` is its language, `mark` the word after that."""

    page: str
    line: int
    kind: str
    mark: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """Every page of the project."""
    return sorted((*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")))


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page."""
    text = page.read_text("utf-8")
    for found in _FENCE.finditer(text):
        kind, _, mark = found[1].partition(" ")
        line = text.count("\n", 0, found.start()) + 1
        yield Block(page.relative_to(ROOT).as_posix(), line, kind, mark.strip(), found[2])


def links(page: Path) -> list[str]:
    """Where the links of a page go, as they are written."""
    return _LINK.findall(_CODE.sub("", _prose(page)))


def anchors(page: Path) -> set[str]:
    """The names that headings of a page are reached by."""
    return {
        re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        for heading in _HEADING.findall(_prose(page))
    }


def commands(page: Path, program: str) -> Iterator[list[str]]:
    """The words after `program` where a page shows it: in a shell block or between backticks."""
    for block in blocks(page):
        if block.kind in ("sh", "console"):
            for line in block.text.replace("\\\n", " ").splitlines():
                if block.kind == "console" and not line.startswith("$ "):
                    continue
                yield from _after(program, line.removeprefix("$ "))
    for _, code in _CODE.findall(_prose(page)):
        yield from _after(program, " ".join(code.split()))


def _after(program: str, line: str) -> Iterator[list[str]]:
    if line.startswith(f"{program} "):
        yield shlex.split(line, comments=True)[1:]


def _prose(page: Path) -> str:
    """A page without its blocks and comments."""
    return _COMMENT.sub("", _FENCE.sub("", page.read_text("utf-8")))
