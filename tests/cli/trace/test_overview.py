from collections.abc import Callable
from typing import Any

from coterie.cli.commands import COMMANDS

Coterie = Callable[..., Any]


def test_alone_it_lists_what_there_is(coterie: Coterie) -> None:
    said = coterie("trace")
    assert said.code == 0
    for name, command in COMMANDS.items():
        if name.startswith("trace "):
            assert f"coterie {name} " in said.out
            assert command.summary in said.out


def test_another_word_is_told_what_there_is(coterie: Coterie) -> None:
    said = coterie("trace", "descibe")
    assert (said.code, said.out) == (1, "")
    assert "no command `coterie trace descibe`: there are describe, convert" in said.err
