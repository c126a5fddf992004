"""A journal of a real server, decided again."""

import asyncio
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from coterie.cli.progress import FetchProgress
from coterie.cli.serving import serving
from coterie.config import decode

Coterie = Callable[..., Any]

DOCUMENT = b"""
nodes: [{name: local, devices: [{name: ram, hot: 1MiB}]}]
experts:
- {name: parrot, engine: echo, preload: true, options: {hot: 1MiB}}
- {name: mynah, engine: echo, options: {hot: 1MiB}}
"""


async def record(folder: Path) -> None:
    """Two experts that take each other's place."""
    progress = FetchProgress(Console(file=io.StringIO()))
    run = serving(decode(DOCUMENT, "x.yaml"), folder, folder, "127.0.0.1", 0, progress)
    async with run as (controller, _, _), asyncio.timeout(20):
        await controller.until_ready()
        for number, name in enumerate(("mynah", "parrot", "mynah")):
            place = controller.submit(f"r{number}", name)
            if isinstance(place, asyncio.Future):
                await place
            controller.finish(f"r{number}", ok=True, run_s=0.01)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorded")
    asyncio.run(record(folder))
    return folder / "journal"


def altered(recorded: Path, folder: Path) -> Path:
    """The journal, without the first action of loading `mynah`."""
    (segment,) = recorded.iterdir()
    lines = segment.read_bytes().splitlines(keepends=True)
    lines.remove(next(line for line in lines if b'"Load"' in line and b'"mynah"' in line))
    file = folder / segment.name
    file.write_bytes(b"".join(lines))
    return file


def test_the_policy_of_then_decides_as_then(coterie: Coterie, recorded: Path) -> None:
    said = coterie("replay", str(recorded))
    assert said.code == 0
    assert said.out.startswith("0000000001.jsonl: ")
    assert "recorded under 'cost'; 0 events are answered otherwise under 'cost'\n" in said.out


def test_another_policy_may_decide_otherwise(coterie: Coterie, recorded: Path) -> None:
    said = coterie("replay", str(recorded), "--policy", "lru", "--json")
    assert said.code == 0
    (segment,) = json.loads(said.out)
    assert segment["segment"] == "0000000001.jsonl"
    assert (segment["replay"]["recorded_policy"], segment["replay"]["policy"]) == ("cost", "lru")
    assert segment["replay"]["events"] > 10


def test_a_difference_is_shown_and_fails(coterie: Coterie, recorded: Path, tmp_path: Path) -> None:
    file = altered(recorded, tmp_path)
    said = coterie("replay", str(file))
    assert said.code == 1
    assert "; 1 events are answered otherwise" in said.out
    assert "    now:  Load(replica='mynah@local/ram'" in said.out
    assert said.err == ""
    assert "now:" not in coterie("replay", str(file), "--differences", "0").out


def test_an_empty_segment_differs_in_nothing(coterie: Coterie, tmp_path: Path) -> None:
    (tmp_path / "0000000001.jsonl").touch()
    said = coterie("replay", str(tmp_path))
    assert (said.code, said.out) == (0, "0000000001.jsonl: empty\n")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\xfe\n", "0000000001.jsonl, line 1: "),
        (b'{"type":"Sneezed"}\n', "line 1: "),
        (b'{"type":"Tick","at":1.0}\n', "begins in the middle"),
    ],
)
def test_what_is_no_journal_is_told_with_its_place(
    coterie: Coterie, tmp_path: Path, content: bytes, told: str
) -> None:
    file = tmp_path / "0000000001.jsonl"
    file.write_bytes(content)
    said = coterie("replay", str(file))
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("coterie: ")
    assert told in said.err


def test_a_journal_that_is_not_there_is_named(coterie: Coterie, tmp_path: Path) -> None:
    said = coterie("replay", str(tmp_path / "gone"))
    assert said.code == 1
    assert said.err.endswith("gone' cannot be read: No such file or directory\n")
    said = coterie("replay", str(tmp_path))
    assert said.code == 1
    assert "holds no journal segment" in said.err


def test_an_unknown_policy_is_refused_with_those_there_are(
    coterie: Coterie, recorded: Path
) -> None:
    said = coterie("replay", str(recorded), "--policy", "best")
    assert (said.code, said.out) == (1, "")
    assert said.err == "coterie: --policy: no policy 'best'; known: cost, lru\n"
