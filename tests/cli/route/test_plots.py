"""What is drawn, and what is said before anything is."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from coterie.cli import pictures
from coterie.cli.route import plots
from coterie.errors import BadRequest, CommandError
from coterie.router.evaluate import Confusion, Point

SINGLE = [Point(0, 0.2, 0.4), Point(1, 0.5, 0.3), Point(2, 1.0, 0.7)]


def test_everything_that_there_is_can_be_drawn() -> None:
    figure = plots.figure(4)
    first, second, third, fourth = figure.axes
    plots.reliability(first, [(0.55, 0.5, 3), (0.95, 1.0, 20)], 0.05)
    counts = np.array([[3, 0], [1, 2]])
    plots.confusions(second, Confusion(("$a$", "b_{"), counts))
    plots.costs(third, [Point(0.0, 0.6, 0.8), Point(1.0, 0.2, 0.4)], SINGLE, ("a", "$x^2", "c"))
    plots.thresholds(fourth, [(0.0, 0.8, 0.0), (0.5, 0.7, 0.3)])
    assert pictures.rendered(figure, "png").startswith(b"\x89PNG")
    svg = plots.inline(figure)
    assert svg.startswith("<svg")
    assert not re.search(r"<script|<metadata|href=\"http|url\(http|src=", svg)


def test_of_many_categories_no_name_is_written() -> None:
    figure = plots.figure(1)
    names = tuple(map(str, range(100)))
    plots.confusions(figure.axes[0], Confusion(names, np.eye(100, dtype=np.int64)))
    assert list(figure.axes[0].get_xticks()) == []


def test_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(CommandError, match=r"pip install 'coterie\[plots\]'"):
        plots.figure(1)


def test_what_would_go_wrong_in_the_end_is_told_before(tmp_path: Path) -> None:
    assert plots.checked(None, None, False) == ""
    assert plots.checked(None, tmp_path / "x.html", False) == ""
    assert plots.checked(tmp_path / "x.SVG", None, False) == "svg"
    with pytest.raises(BadRequest, match=r"expected a name that ends in \.png or \.svg"):
        plots.checked(tmp_path / "x.pdf", None, False)
    (tmp_path / "x.html").touch()
    with pytest.raises(CommandError, match="is there already"):
        plots.checked(tmp_path / "x.png", tmp_path / "x.html", False)
    assert plots.checked(tmp_path / "x.png", tmp_path / "x.html", True) == "png"
    with pytest.raises(CommandError, match="there is no folder"):
        plots.checked(None, tmp_path / "none" / "x.html", True)


@pytest.mark.parametrize("names", [("x.png", None), (None, "x.html")])
def test_pictures_that_nobody_can_draw_are_told_before(
    names: tuple[str | None, str | None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    plot, page = (None if name is None else tmp_path / name for name in names)
    with pytest.raises(CommandError, match="plots need matplotlib"):
        plots.checked(plot, page, False)
