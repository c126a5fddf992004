"""The command line: parses, and hands over. Errors on purpose become lines and exit status 1."""

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from coterie import __version__
from coterie.cli.commands import COMMANDS
from coterie.errors import CoterieError


class LazyGroup(TyperGroup):
    """Lists commands by their summaries, and imports the one that is run."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if " ".join(args[:2]) in COMMANDS:  # of two words
            args = [" ".join(args[:2]), *args[2:]]
        name, command, rest = super().resolve_command(ctx, args)
        if name in COMMANDS:
            single = typer.Typer(add_completion=False)
            single.command(name, epilog=_below(name))(COMMANDS[name].load())
            command = typer.main.get_command(single)
        return name, command, rest


def application() -> typer.Typer:
    """The application, with a stand-in for each command."""
    app = typer.Typer(
        cls=LazyGroup,
        help="Serve a composition of experts behind one endpoint, on less memory than they need "
        "together.",
        epilog="Example: coterie up examples/quickstart.yaml",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for name, command in COMMANDS.items():
        app.command(name, help=command.summary)(_stand_in)
    return app


def _below(name: str) -> str | None:
    """The commands whose first word is this one's."""
    names = [f"coterie {other}" for other in COMMANDS if other.startswith(f"{name} ")]
    return f"Also: {', '.join(names)}" if names else None


def main() -> None:
    """The `coterie` command."""
    try:
        application()()
    except CoterieError as error:
        for line in str(error).splitlines():
            print(f"coterie: {line}", file=sys.stderr)
        sys.exit(1)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"coterie {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version and stop.",
            callback=_print_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """What may be said before a command."""


def _stand_in() -> None:
    raise AssertionError("a command is resolved before it is run")
