import inspect
import subprocess
import sys

import pytest

from coterie.cli.commands import COMMANDS, Command


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_the_summary_and_an_example_in_its_help(name: str) -> None:
    help_text = inspect.getdoc(COMMANDS[name].load()) or ""
    assert help_text.partition("\n")[0] == COMMANDS[name].summary
    assert f"Example: coterie {name}" in help_text


def test_a_target_is_a_function_in_a_module() -> None:
    assert Command("coterie.config:decode", "").load().__name__ == "decode"


def test_the_list_of_commands_imports_none_of_them() -> None:
    code = (
        "import sys, coterie.cli.app as app; app.application();"
        "print([name for name in ('aiohttp', 'yaml', 'xllamacpp', 'huggingface_hub', 'uvloop')"
        " if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "[]"
