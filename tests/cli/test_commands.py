import inspect
import subprocess
import sys

import pytest

from coterie.cli.commands import COMMANDS, Command
from coterie.errors import CommandError


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_the_summary_and_an_example_in_its_help(name: str) -> None:
    help_text = inspect.getdoc(COMMANDS[name].load()) or ""
    assert help_text.partition("\n")[0] == COMMANDS[name].summary
    assert f"Example: coterie {name}" in help_text


def test_a_target_is_a_function_in_a_module() -> None:
    assert Command("coterie.config:decode", "").load().__name__ == "decode"


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tomli_of_nobody", None)
    with pytest.raises(CommandError, match=r"pip install 'coterie\[routing\]'"):
        Command("tomli_of_nobody:x", "", extra="routing").load()
    with pytest.raises(ModuleNotFoundError):
        Command("tomli_of_nobody:x", "").load()
    with pytest.raises(ModuleNotFoundError):
        Command("coterie.nothing:x", "", extra="routing").load()


def test_the_list_of_commands_imports_none_of_them() -> None:
    code = (
        "import sys, coterie.cli.app as app; app.application();"
        "print([name for name in ('aiohttp', 'yaml', 'xllamacpp', 'huggingface_hub', 'uvloop')"
        " if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "[]"
