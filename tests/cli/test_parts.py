"""Parts of a report, printed one below the other."""

import pytest

from coterie.cli.parts import Part, show


def test_tables_and_lines_stand_below_their_titles(capsys: pytest.CaptureFixture[str]) -> None:
    show(
        [
            Part("first", ("name", "count", "why"), [("a", "1", "x"), ("b", "100", "yy")], ["end"]),
            Part("second", lines=["alone"]),
        ],
        {"why"},
    )
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "first",
        "name  count  why",
        "a         1  x",
        "b       100  yy",
        "end",
        "",
        "second",
        "alone",
    ]


def test_brackets_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    show([Part("[red]", ("[b]",), [("[i]x",)], ["[/]"])], ())
    assert capsys.readouterr().out.split() == ["[red]", "[b]", "[i]x", "[/]"]
