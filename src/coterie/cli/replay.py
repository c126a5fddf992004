"""`coterie replay`: a recorded journal, decided again."""

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from coterie.cli.client import AsJson
from coterie.cli.document import check_policy
from coterie.cli.journals import opened
from coterie.cli.output import print_json
from coterie.controller import read
from coterie.scheduler import policy
from coterie.scheduler.replay import Replay
from coterie.scheduler.replay import replay as run


def replay(
    journal: Annotated[
        Path,
        typer.Argument(metavar="JOURNAL", help="A segment, or the folder that holds segments."),
    ],
    policy_name: Annotated[
        str, typer.Option("--policy", help="Decide by this policy; else by the recorded one.")
    ] = "",
    differences: Annotated[int, typer.Option(min=0, help="How many differences to show.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Feed a journal to a fresh scheduler, and show where its decisions differ.

    Exit status 1 if they differ under the policy that was recorded. After the first difference the
    events are still those of then: `coterie simulate JOURNAL --policy lru` shows what would have
    become of the requests.

    Example: coterie replay ~/.local/state/coterie/quickstart/journal --policy lru
    """
    if policy_name:
        check_policy(policy_name)
    chosen = policy(policy_name) if policy_name else None
    with opened(journal, "replaying") as files:
        reports = {file.name: run(read(file), chosen, policy, differences) for file in files}
    if as_json:
        print_json([{"segment": name, "replay": report} for name, report in reports.items()])
    else:
        for name, report in reports.items():
            _show(name, report)
        if any(report.policy != report.recorded_policy for report in reports.values()):
            again = f"coterie simulate {quote(str(journal))} --policy {policy_name}"
            typer.echo(f"\nWhat that would have been like for its requests: {again}")
    found = reports.values()
    if any(report.differing and report.policy == report.recorded_policy for report in found):
        raise typer.Exit(1)


def _show(segment: str, report: Replay) -> None:
    if not report.recorded_policy:
        typer.echo(f"{segment}: empty")
        return
    typer.echo(
        f"{segment}: {report.events} events, {report.actions} actions recorded under "
        f"{report.recorded_policy!r}; {report.differing} events are answered otherwise under "
        f"{report.policy!r}"
    )
    for difference in report.differences:
        typer.echo(f"  line {difference.line}: {difference.event}")
        typer.echo(f"    then: {', '.join(map(str, difference.recorded)) or 'nothing'}")
        typer.echo(f"    now:  {', '.join(map(str, difference.replayed)) or 'nothing'}")
