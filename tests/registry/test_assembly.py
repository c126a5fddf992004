import asyncio
import os
from pathlib import Path

import pytest

from coterie.errors import FetchFailed
from coterie.registry.assembly import assemble, assembled_folder, remove_older
from coterie.registry.disk import Disk
from coterie.registry.partial import Partial


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"p{number}" for number in range(3)]
    for path, content in zip(paths, (b"one ", b"two ", b"three"), strict=True):
        path.write_bytes(content)
    return paths


async def test_parts_are_joined_in_order_over_whatever_lay_there(
    tmp_path: Path, parts: list[Path]
) -> None:
    heard: list[tuple[int, int | None]] = []
    with Partial(tmp_path / "out" / "m") as partial:
        partial.append(b"left by a process that was killed")
        await assemble(parts, partial, Disk(tmp_path / "out"), lambda *step: heard.append(step))
        partial.commit()
    await asyncio.sleep(0)
    assert (tmp_path / "out" / "m").read_bytes() == b"one two three"
    assert heard[-1] == (13, 13)


async def test_the_budget_bounds_an_assembly(tmp_path: Path, parts: list[Path]) -> None:
    with Partial(tmp_path / "out" / "m") as partial:
        with pytest.raises(FetchFailed, match="disk budget of 12"):
            await assemble(parts, partial, Disk(tmp_path / "out", 12), lambda *_: None)
        assert partial.size_bytes == 0


async def test_a_part_that_cannot_be_read_is_said(tmp_path: Path, parts: list[Path]) -> None:
    with (
        Partial(tmp_path / "out" / "m") as partial,
        pytest.raises(FetchFailed, match=r"cannot put .* together"),
    ):
        await assemble([*parts, tmp_path], partial, Disk(tmp_path / "out"), lambda *_: None)


def test_another_state_of_the_parts_lies_elsewhere(tmp_path: Path, parts: list[Path]) -> None:
    before = assembled_folder(tmp_path, parts)
    assert assembled_folder(tmp_path, parts) == before
    assert assembled_folder(tmp_path, parts[:2]) != before
    os.utime(parts[1], ns=(1, 1))
    assert assembled_folder(tmp_path, parts) != before


def test_older_states_are_removed(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / "whole" / name).mkdir(parents=True)
        (tmp_path / "whole" / name / "m").write_bytes(b"x")
    remove_older(tmp_path / "whole" / "new")
    assert [path.name for path in (tmp_path / "whole").iterdir()] == ["new"]
