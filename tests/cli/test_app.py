import pytest
from typer.testing import CliRunner

from coterie import __version__
from coterie.cli import app as module
from coterie.cli.app import application, main
from coterie.cli.commands import COMMANDS, Command
from coterie.errors import CoterieError


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(application(), list(words))
    return result.exit_code, result.output


def test_help_lists_every_command_with_its_summary() -> None:
    code, said = run("--help")
    assert code == 0
    for name, command in COMMANDS.items():
        assert name in said
        assert command.summary[:30] in said


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_explains_itself_with_an_example(name: str) -> None:
    code, said = run(*name.split(), "--help")
    assert code == 0
    assert f"Example: coterie {name}" in " ".join(said.split())


def test_the_version_is_said() -> None:
    assert run("--version") == (0, f"coterie {__version__}\n")


def test_a_command_runs() -> None:
    code, said = run("schema")
    assert code == 0
    assert '"$schema"' in said


def test_a_command_of_two_words_stands_beside_that_of_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = Command("coterie.cli.schema:schema", "Print the JSON schema of compositions.")
    monkeypatch.setitem(COMMANDS, "route schema", both)
    code, said = run("route", "schema")
    assert code == 0
    assert '"$schema"' in said
    code, said = run("route", "--help")
    assert ", coterie route schema" in " ".join(said.split())
    asked = CliRunner().invoke(application(), ["route", "schemas", "--file", "none.yaml"])
    assert isinstance(asked.exception, CoterieError), "any other word is a prompt"
    assert "none.yaml" in str(asked.exception)


def test_a_word_that_is_no_command_is_refused_with_the_nearest() -> None:
    code, said = run("shema")
    assert code == 2
    assert "schema" in said


def test_an_error_on_purpose_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise CoterieError("the weights are gone")

    monkeypatch.setattr(module, "application", lambda: fail)
    with pytest.raises(SystemExit, match="1"):
        main()
    assert capsys.readouterr().err == "coterie: the weights are gone\n"
