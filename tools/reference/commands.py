"""Every command's help, from the functions that are the commands."""

import inspect
import re
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from msgspec import Struct
from typer.models import ArgumentInfo, OptionInfo

from coterie.cli.commands import COMMANDS
from tools.reference.markdown import code, page, said, table

INTRODUCTION = """
`coterie COMMAND --help` says the same in a terminal. `coterie --version` prints the version,
`coterie --install-completion` teaches the shell to complete commands.

Exit status: 0 when all went well, 1 when the command failed (stderr says why), 2 when it was not
understood. Listings take `--json`.

| variable | meaning |
| --- | --- |
| `COTERIE_URL` | the running server that commands ask, where `--url` is not given |
| `COTERIE_API_KEY` | the key that commands send, where the composition lists `keys` |
| `COTERIE_STATE` | the state directory, where `--state` is not given |
| `XDG_STATE_HOME` | else the state lies in `coterie/NAME` below this folder (`~/.local/state`) |
| `HF_TOKEN`, `HF_ENDPOINT` | the token and the host for `hf://` weights |
"""


class Parameter(Struct, frozen=True):
    """One argument or option: how it is written, its default, its purpose."""

    written: tuple[str, ...]
    default: str
    help: str
    is_option: bool


def cli_page() -> str:
    """`cli.md`."""
    return page("The command line", INTRODUCTION, *_sections())


def parameters(command: str) -> tuple[Parameter, ...]:
    """What a command takes, `--help` aside."""
    function = COMMANDS[command].load()
    hints = get_type_hints(function, include_extras=True)
    found = []
    for name, parameter in inspect.signature(function).parameters.items():
        kind, spec = _annotated(hints[name])
        if isinstance(spec, ArgumentInfo):
            found.append(Parameter((spec.metavar or name.upper(),), "required", _help(spec), False))
        else:
            found.append(
                Parameter(_flags(name, kind, spec), _default(parameter.default), _help(spec), True)
            )
    return tuple(found)


def _sections() -> Iterator[str]:
    for command in COMMANDS:
        takes = parameters(command)
        arguments = " ".join(one.written[0] for one in takes if not one.is_option)
        options = " [OPTIONS]" if any(one.is_option for one in takes) else ""
        text, examples = _split(said(COMMANDS[command].load()))
        yield f"## `coterie {command}`"
        yield f"```text\ncoterie {command}{options} {arguments}".rstrip() + "\n```"
        yield text
        if takes:
            rows = [(", ".join(map(code, one.written)), one.default, one.help) for one in takes]
            yield table(("argument or option", "default", "what it is"), rows)
        yield "```sh\n" + "\n".join(examples) + "\n```"


def _split(text: str) -> tuple[str, list[str]]:
    """The prose, and the commands that are given as examples."""
    examples, prose = [], []
    for paragraph in text.split("\n\n"):
        if paragraph.startswith("Example: "):
            examples.append(paragraph.removeprefix("Example: ").partition(" (")[0])
            examples += re.findall(r"\(and back: (.*)\)", paragraph)
        else:
            prose.append(paragraph)
    return "\n\n".join(prose), examples


def _annotated(hint: Any) -> tuple[Any, ArgumentInfo | OptionInfo]:
    assert get_origin(hint) is Annotated, hint
    kind, *notes = get_args(hint)
    return kind, next(note for note in notes if isinstance(note, ArgumentInfo | OptionInfo))


def _flags(name: str, kind: Any, spec: OptionInfo) -> tuple[str, ...]:
    said = (spec.default, *(spec.param_decls or ()))  # the first flag stands where a default might
    if declared := tuple(one for one in said if isinstance(one, str)):
        return declared
    flag = name.replace("_", "-")
    return (f"--{flag}", f"--no-{flag}") if kind is bool else (f"--{flag}",)


def _default(given: Any) -> str:
    if given is inspect.Parameter.empty:
        return "required"
    if given is None or given == "" or given is False:
        return ""
    return code("--stream" if given is True else str(given))


def _help(spec: ArgumentInfo | OptionInfo) -> str:
    variable = f" Else: `${spec.envvar}`." if isinstance(spec.envvar, str) else ""
    return (spec.help or "") + variable
