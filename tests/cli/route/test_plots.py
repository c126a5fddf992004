import re
import sys

import numpy as np
import pytest

from coterie.cli import pictures
from coterie.cli.route import plots
from coterie.errors import CommandError
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
