"""Engines are found by name, and what is missing is named."""

from importlib.metadata import EntryPoint

import pytest

from coterie.engines import catalog
from coterie.engines.echo import create
from coterie.errors import EngineUnknown

ECHO = EntryPoint("echo", "coterie.engines.echo:create", catalog.GROUP)
BROKEN = EntryPoint("broken", "coterie.no_such_module:create", catalog.GROUP)


def test_an_entry_point_is_loaded_by_its_name() -> None:
    assert catalog.pick("echo", [BROKEN, ECHO]) is create


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(EngineUnknown, match=r"no engine 'ecko' .* did you mean 'echo'\?"):
        catalog.pick("ecko", [BROKEN, ECHO])


def test_a_name_like_none_is_answered_with_all() -> None:
    with pytest.raises(EngineUnknown, match=r"did you mean 'broken', 'echo'\?"):
        catalog.pick("zzz", [ECHO, BROKEN])


def test_without_any_engine_the_hint_is_to_install() -> None:
    with pytest.raises(EngineUnknown, match="install coterie"):
        catalog.pick("echo", [])


def test_an_engine_that_cannot_be_imported_says_why() -> None:
    with pytest.raises(EngineUnknown, match=r"'broken'.*no_such_module"):
        catalog.pick("broken", [BROKEN])
