"""`coterie simulate`: what a composition would do, and what a recorded past would have been."""

import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct, structs

from coterie.cli.client import AsJson
from coterie.cli.output import print_json
from coterie.cli.simulation import (
    Condition,
    Variant,
    document,
    met,
    noted,
    parse,
    show,
    write_page,
    write_parquet,
)
from coterie.cli.simulation import options as said
from coterie.cli.simulation.faults import Going, faults
from coterie.cli.simulation.modelled import modelled
from coterie.cli.simulation.past import HAPPENED, NOTES, Otherwise, read_past, variants_of
from coterie.cli.simulation.runs import digest, running
from coterie.cli.simulation.workload import Wanted, workload
from coterie.errors import BadRequest, CommandError
from coterie.simulator.metrics import flat

DOCUMENTS = (".yaml", ".yml", ".json")


def simulate(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE|JOURNAL",
            help="A composition, .yaml or .json; or a journal: a segment, or its folder.",
        ),
    ],
    profile: said.Profiles = None,
    models: said.Models = None,
    state: said.State = None,
    trace: said.TraceOption = None,
    rate: said.Rate = None,
    cv: said.Cv = 1.0,
    duration: said.Duration = "",
    speed: said.Speed = 1.0,
    popularity: said.PopularityOption = "zipf:1.0",
    prompt_tokens: said.PromptTokens = "lognormal:200,1",
    output_tokens: said.OutputTokens = "lognormal:100,0.8",
    mapping: said.MapOption = "by-name",
    rename: said.Rename = None,
    sort: said.Sort = False,
    ttft: said.Ttft = "",
    e2e: said.E2e = "",
    policy_name: said.Policies = None,
    hot: said.Hot = None,
    fault: said.FaultOption = None,
    crashes: said.Crashes = 0.0,
    load_fails: said.LoadFails = 0.0,
    cores: Annotated[
        float | None,
        typer.Option(help="Of a journal: cores of each node then. Default: this machine's."),
    ] = None,
    fail_on: said.FailOn = None,
    report: said.Report = None,
    parquet: said.Parquet = None,
    seed: said.Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Simulate a composition on machines as a profile has them, or a journal's requests again.

    Decisions are those of the scheduler that runs live; loads, prompts and tokens take what a model
    says. Of a journal, the first column is what really happened and the second what the model
    makes of the same: how far they differ says how far the others can be trusted.

    Exit status 1 if a condition of --fail-on holds or a file is wrong, 2 if an option is.

    Example: coterie simulate examples/quickstart.yaml --rate 0.5 --ttft 10s

    Example: coterie simulate mine.yaml --profile h200 --trace requests.csv --report page.html

    Example: coterie simulate ~/.local/state/coterie/quickstart/journal --policy lru --hot 1GiB
    """
    wanted = Wanted(
        trace, rate, cv, duration, speed, popularity, prompt_tokens, output_tokens, mapping,
        tuple(rename or ()), sort, ttft, e2e, seed,
    )  # fmt: skip
    going = Going(tuple(fault or ()), crashes, load_fails, seed)
    policies = policy_name or []
    with said.usage():
        conditions = [parse(text) for text in fail_on or ()]
        said.check_policies(policies)
        _check_targets(report, parquet)
        hot_bytes = said.hot_of(hot)
        if file.suffix in DOCUMENTS:
            if cores is not None:
                raise BadRequest("`--cores` is for journals: a profile says them of a composition")
            found = _composed(
                file, profile or [], models or [], state, policies, hot_bytes, wanted, going
            )
        else:
            _check_past(wanted, profile=profile, models=models, state=state)
            found = _recorded(file, cores, Otherwise(policies, hot_bytes, speed), going)
        judged = _judged(conditions, found.variants)
        _write(found, report, parquet)
        _print(file, found, judged, as_json)
        _decide(judged)


class _Found(Struct, frozen=True):
    """What was simulated, under a title, and what to know about it."""

    title: str
    variants: list[Variant]
    notes: Sequence[str]


class _Judged(Struct, frozen=True):
    """A condition on a variant; `is_met` None: that cannot be told, and `problem` says why."""

    condition: Condition
    variant: str
    is_met: bool | None
    problem: str = ""


def _composed(
    file: Path,
    profiles: Sequence[str],
    models: Sequence[Path],
    state: Path | None,
    policies: Sequence[str],
    hot_bytes: int | None,
    wanted: Wanted,
    going: Going,
) -> _Found:
    """A variant for each policy."""
    known = modelled(file, profiles=profiles, models=models, state=state, hot=hot_bytes)
    wrong = faults(known.setup, going)
    asked = workload(known.composition, wanted)
    with running() as run:
        variants = [
            run(name, structs.replace(known.setup, policy=name), asked.requests, wrong)
            for name in policies or [known.setup.policy]
        ]
    return _Found(known.composition.name, variants, (*known.notes, *asked.notes))


def _recorded(journal: Path, cores: float | None, otherwise: Otherwise, going: Going) -> _Found:
    count = float(os.cpu_count() or 1) if cores is None else cores
    for name, value in (("speed", otherwise.speed), ("cores", count)):
        if not 0 < value < float("inf"):
            raise BadRequest(f"`--{name}` is {value:g}: expected more than 0", name)
    past = read_past(journal, count)
    wrong = faults(past.setup, going)
    with running() as run:
        return _Found(str(journal), variants_of(past, otherwise, run, wrong), NOTES)


def _check_past(wanted: Wanted, **others: object) -> None:
    """Options that say what a journal says itself."""
    usual = Wanted(speed=wanted.speed, seed=wanted.seed)
    given = [name for name, value in others.items() if value]
    given += [
        name.replace("mapping", "map")
        for name in Wanted.__struct_fields__
        if getattr(wanted, name) != getattr(usual, name)
    ]
    if given:
        option = f"--{given[0].replace('_', '-')}"
        raise BadRequest(
            f"`{option}` is for compositions (.yaml, .json): a journal has its own requests, "
            "experts and machines"
        )


def _check_targets(report: Path | None, parquet: Path | None) -> None:
    """What can be told before anything is simulated."""
    if report is not None and (report.is_dir() or report.suffix not in (".html", ".htm")):
        raise BadRequest(f"`--report` {str(report)!r}: expected a file's name, as page.html")
    if parquet is not None and parquet.is_file():
        raise BadRequest(f"`--parquet` {str(parquet)!r} is a file: expected a folder's name")
    if parquet is not None and find_spec("pyarrow") is None:
        raise CommandError("Parquet needs pyarrow: pip install 'coterie[parquet]'")


def _judged(conditions: Sequence[Condition], variants: Sequence[Variant]) -> list[_Judged]:
    """Each condition on each variant, but on what really happened."""
    found = []
    for variant in variants:
        if variant.name == HAPPENED:
            continue
        figures = flat(variant.metrics)
        for condition in conditions:
            try:
                found.append(_Judged(condition, variant.name, met(condition, figures)))
            except BadRequest as error:
                found.append(_Judged(condition, variant.name, None, str(error)))
    return found


def _write(found: _Found, report: Path | None, parquet: Path | None) -> None:
    if report is not None:
        write_page(report, found.variants, title=found.title, caveats=found.notes)
        typer.echo(f"written: {report}", err=True)
    if parquet is not None:
        for path in write_parquet(parquet, found.variants):
            typer.echo(f"written: {path}", err=True)


def _print(file: Path, found: _Found, judged: Sequence[_Judged], as_json: bool) -> None:
    if not as_json:
        show(found.variants)
        for line in noted(found.notes):
            typer.echo(f"\n{line}")
        return
    rows = document(found.variants)
    print_json(
        {
            "file": str(file),
            "notes": found.notes,
            "conditions": [
                {"variant": one.variant, "condition": str(one.condition), "holds": one.is_met}
                for one in judged
            ],
            "variants": [
                {"name": row["name"], "digest": digest(variant.outcome), **row}
                for row, variant in zip(rows, found.variants, strict=True)
            ],
        }
    )


def _decide(judged: Sequence[_Judged]) -> None:
    """Says which conditions hold. Exits with 1 if any does, and with 2 if that cannot be told."""
    for one in judged:
        if one.is_met:
            typer.echo(f"coterie: {one.variant}: {one.condition} holds", err=True)
        elif one.is_met is None:
            typer.echo(f"coterie: {one.variant}: {one.problem}", err=True)
    if any(one.is_met for one in judged):
        raise typer.Exit(1)
    if any(one.is_met is None for one in judged):
        raise typer.Exit(2)
