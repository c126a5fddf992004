"""Pictures are of the kind that a file's name says, and the same twice."""

import sys
from pathlib import Path

import pytest

from coterie.cli import pictures
from coterie.errors import BadRequest, CommandError


def test_a_picture_is_of_a_kind_that_can_be_drawn() -> None:
    assert pictures.kind_of(None) == ""
    assert pictures.kind_of(Path("a.PNG")) == "png"
    with pytest.raises(BadRequest, match=r"ends in \.png or \.svg"):
        pictures.kind_of(Path("a.doc"))


def test_the_same_figure_gives_the_same_file() -> None:
    figure = pictures.figure(2, 3, 2)
    assert len(figure.axes) == 2
    assert figure.get_size_inches().tolist() == [6, 2]
    assert pictures.rendered(figure, "png").startswith(b"\x89PNG")
    assert pictures.rendered(figure, "svg") == pictures.rendered(figure, "svg")


def test_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(CommandError, match=r"pip install 'coterie\[plots\]'"):
        pictures.figure(1, 1, 1)
