"""`coterie plan`: what a composition will do on its machines, and the way there from what is."""

from pathlib import Path
from typing import Annotated

import typer

from coterie.cli.client import AsJson
from coterie.cli.output import print_json
from coterie.cli.parts import show
from coterie.cli.plan.apart import apart
from coterie.cli.plan.bare import typical
from coterie.cli.plan.caution import Caution
from coterie.cli.plan.cautions import cautions, ranked
from coterie.cli.plan.differences import differences, reasons, resized
from coterie.cli.plan.goal import goal
from coterie.cli.plan.here import Here, here
from coterie.cli.plan.hosted import fit
from coterie.cli.plan.predicted import Predicted, predicted, verdicts
from coterie.cli.plan.report import Plan, document, parts
from coterie.cli.plan.steps import way
from coterie.cli.plan.strains import strains
from coterie.cli.simulation import Condition, options, parse, write_page
from coterie.cli.simulation.modelled import Modelled, modelled
from coterie.cli.simulation.workload import Wanted
from coterie.config import fit_problems
from coterie.errors import BadRequest

Against = Annotated[
    str | None,
    typer.Option(
        metavar="URL|FILE", help="What there is now: a running server, or another document."
    ),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Exit status 1 for a warning that is serious, too.")
]
Policy = Annotated[str, typer.Option(help="A policy in place of the document's: cost, lru.")]


def plan(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The composition document.")],
    against: Against = None,
    trace: options.TraceOption = None,
    rate: options.Rate = None,
    cv: options.Cv = 1.0,
    duration: options.Duration = "",
    speed: options.Speed = 1.0,
    popularity: options.PopularityOption = "zipf:1.0",
    prompt_tokens: options.PromptTokens = "lognormal:200,1",
    output_tokens: options.OutputTokens = "lognormal:100,0.8",
    mapping: options.MapOption = "by-name",
    rename: options.Rename = None,
    sort: options.Sort = False,
    ttft: options.Ttft = "",
    e2e: options.E2e = "",
    profile: options.Profiles = None,
    models: options.Models = None,
    state: options.State = None,
    policy: Policy = "",
    hot: options.Hot = None,
    fail_on: options.FailOn = None,
    strict: Strict = False,
    report: options.Report = None,
    seed: options.Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Say what a composition will do: what fits, the way there, what it brings, and warnings.

    With --against, the steps from what there is now, which stay within memory, and with requests
    (--trace or --rate) what they would meet before and after. Nothing is started, fetched or
    changed. Exit status 1: a condition of --fail-on holds, or a document is wrong.

    Example: coterie plan composition.yaml --against http://127.0.0.1:8080

    Example: coterie plan new.yaml --against old.yaml --trace requests.csv --fail-on 'p95_ttft > 2s'
    """
    with options.usage():
        conditions = [parse(text) for text in fail_on or ()]
        wanted = None
        if trace is not None or rate is not None:
            wanted = Wanted(
                trace=trace,
                rate=rate,
                cv=cv,
                duration=duration,
                speed=speed,
                popularity=popularity,
                prompt_tokens=prompt_tokens,
                output_tokens=output_tokens,
                mapping=mapping,
                rename=tuple(rename or ()),
                sort=sort,
                ttft=ttft,
                e2e=e2e,
                seed=seed,
            )
        elif conditions or report is not None:
            what = "--fail-on" if conditions else "--report"
            raise BadRequest(f"`{what}` needs requests: give `--trace FILE` or `--rate REQUESTS`")
        after = modelled(
            file,
            profiles=profile or (),
            models=models or (),
            state=state,
            policy=policy,
            hot=options.hot_of(hot),
        )
        before = None
        if against is not None:
            before = here(against, after, profiles=profile or (), models=models or (), state=state)
        foreseen = None if wanted is None else predicted(after, before, wanted)
        found = _plan(file, after, before, foreseen, conditions)
    if report is not None and foreseen is not None:
        write_page(report, foreseen.variants, title=f"Plan of {file.name}", caveats=found.notes)
    if as_json:
        print_json(document(found))
    else:
        show(parts(found), TEXT)
    is_wrong = strict and any(one.level == "serious" for one in found.warnings)
    if is_wrong or any(one.holds for one in found.verdicts):
        raise typer.Exit(1)


def _plan(
    file: Path,
    after: Modelled,
    before: Here | None,
    foreseen: Predicted | None,
    conditions: list[Condition],
) -> Plan:
    usual = typical(foreseen.requests) if foreseen is not None else {}
    asked = {name: one.requests for name, one in usual.items()} if usual else None
    fits, pairs = fit(after), apart(after.setup, asked)
    changes = []
    if before is not None:
        there = before.found
        changes = differences(
            there.composition, after.composition, there.footprints, after.footprints
        )
        known = reasons(changes)
        changes += resized(
            {name: size for name, size in before.sizes.items() if name not in known},
            after.footprints,
        )
    why = reasons(changes)
    warned: list[Caution] = cautions(after, fits, pairs, usual)
    if foreseen is not None:
        warned = ranked([*warned, *strains(foreseen.after)])
    misfits = [str(problem) for problem in fit_problems(after.composition, after.footprints)]
    notes = [*after.notes, *(before.notes if before else ()), *(foreseen.notes if foreseen else ())]
    return Plan(
        file=str(file),
        before=before,
        fit=fits,
        apart=pairs,
        changes=changes,
        way=way(
            before.found if before is not None else None,
            before.replicas if before is not None else (),
            after,
            goal(before, after.setup, why),
            why,
        ),
        predicted=foreseen,
        warnings=warned,
        verdicts=verdicts(foreseen, conditions) if foreseen is not None else (),
        notes=[note for note in dict.fromkeys(notes) if note not in misfits],
    )


TEXT = {"expert", "device", "why", "step", "tier", "memory", "change", "at the start on"}
