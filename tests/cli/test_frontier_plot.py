import sys

import pytest

from coterie.cli.frontier_plot import Point, drawn
from coterie.errors import CommandError

POINTS: list[Point] = [(10**9, None, None), (2 * 10**9, 0.5, 0.4), (4 * 10**9, 0.7, 0.4)]


def test_a_picture_is_of_its_kind() -> None:
    assert drawn(POINTS, "png").startswith(b"\x89PNG")
    picture = drawn(POINTS, "svg")
    assert b"<svg" in picture


def test_where_nothing_fits_there_is_nothing_to_draw() -> None:
    assert drawn(POINTS[:1], "png").startswith(b"\x89PNG")


def test_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(CommandError, match=r"pip install 'coterie\[plots\]'"):
        drawn(POINTS, "png")
