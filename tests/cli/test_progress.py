"""Whoever waits for gigabytes sees them come."""

import io

from rich.console import Console

from coterie.cli.progress import FetchProgress


def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=80)


def said(console: Console) -> str:
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def test_a_terminal_shows_a_bar_for_each_until_its_weights_are_here() -> None:
    progress = FetchProgress(console := terminal())
    progress.fetched("a", 0, 4_000_000)
    progress.fetched("b", 1, None)
    progress.fetched("a", 2_000_000, 4_000_000)
    progress.ended("a")
    assert "weights of a" in said(console)
    progress.ended("b")
    shown = len(said(console))
    progress.ended("never begun")
    assert len(said(console)) == shown
    assert "weights of b" in said(console)
    assert "?" in said(console)  # of an unknown size


def test_bars_come_back_for_what_is_fetched_later() -> None:
    progress = FetchProgress(console := terminal())
    progress.fetched("a", 1, 2)
    progress.ended("a")
    before = len(said(console))
    progress.fetched("late", 1, 2)
    progress.ended("late")
    assert "weights of late" in said(console)[before:]


def test_elsewhere_a_line_says_what_is_waited_for() -> None:
    progress = FetchProgress(console := Console(file=io.StringIO(), width=20))
    for done in range(3):
        progress.fetched("an/expert[1]", done, 3 * 2**20)
    progress.ended("an/expert[1]")
    progress.fetched("b", 1, None)
    progress.ended("b")
    assert said(console) == (
        "fetching the weights of an/expert[1], 3MiB\nfetching the weights of b\n"
    )
