"""A journal of a real server, decided again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Coterie = Callable[..., Any]


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


def test_under_another_policy_it_says_how_to_see_what_would_have_become(
    coterie: Coterie, recorded: Path
) -> None:
    said = coterie("replay", str(recorded), "--policy", "lru")
    assert said.out.endswith(f": coterie simulate {recorded} --policy lru\n")
    assert "coterie simulate" not in coterie("replay", str(recorded)).out
    assert "coterie simulate" not in coterie("replay", str(recorded), "--policy", "cost").out
