from pathlib import Path

import pytest

from coterie.cli.state import state_dir


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COTERIE_STATE", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/somewhere")


def test_state_lies_in_the_home_by_the_composition_s_name() -> None:
    assert state_dir(None, "quickstart") == Path("/somewhere/.local/state/coterie/quickstart")


def test_the_desktop_s_convention_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert state_dir(None, "quickstart") == Path("/state/coterie/quickstart")


def test_the_environment_says_otherwise_and_an_option_more_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COTERIE_STATE", "/mine")
    assert state_dir(None, "quickstart") == Path("/mine")
    assert state_dir(Path("/option"), "quickstart") == Path("/option")
