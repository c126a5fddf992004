"""`coterie recompose`: who should be resident where, by what was asked for."""

from math import inf
from pathlib import Path
from typing import Annotated

import typer
from msgspec import structs

from coterie.cli.client import AsJson
from coterie.cli.output import print_json
from coterie.cli.parts import show
from coterie.cli.plan.hosted import residents
from coterie.cli.recomposition.demand import observed
from coterie.cli.recomposition.ending import Ending, read_ending
from coterie.cli.recomposition.report import TEXT, Answer, document, parts
from coterie.cli.recomposition.state import given, known, state_of
from coterie.cli.silence import silenced
from coterie.cli.simulation import options
from coterie.cli.simulation.modelled import Modelled, modelled
from coterie.cli.simulation.workload import Wanted
from coterie.config import parse_duration, parse_size
from coterie.config.finding import listed
from coterie.errors import BadRequest
from coterie.planner.recomposition import Options
from coterie.planner.recomposition import recompose as planned

Journal = Annotated[
    Path | None,
    typer.Option(help="What was asked for, and who is resident: a journal's segment or folder."),
]
Resident = Annotated[
    str,
    typer.Option(
        help="Who is resident now: EXPERT@NODE/DEVICE,… or none. Default: as the journal ends, or "
        "what a server loads when it starts."
    ),
]
Horizon = Annotated[str, typer.Option(help="How far ahead to plan; loads have to pay in it.")]
Margin = Annotated[
    float, typer.Option(help="How many times the seconds that it loads a plan has to save.")
]
Certainty = Annotated[float, typer.Option(help="How sure that has to be.")]
Budget = Annotated[
    str | None, typer.Option(help="Bytes that may be moved, as 64GiB. Default: no bound.")
]
Patience = Annotated[
    str, typer.Option(help="How long a request waits. Default: the document's `limits.wait`.")
]


def recompose(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The composition document.")],
    journal: Journal = None,
    trace: options.TraceOption = None,
    resident: Resident = "",
    horizon: Horizon = "1h",
    margin: Margin = 1.5,
    certainty: Certainty = 0.8,
    budget: Budget = None,
    patience: Patience = "",
    duration: options.Duration = "",
    speed: options.Speed = 1.0,
    popularity: options.PopularityOption = "zipf:1.0",
    mapping: options.MapOption = "by-name",
    rename: options.Rename = None,
    sort: options.Sort = False,
    profile: options.Profiles = None,
    models: options.Models = None,
    state: options.State = None,
    hot: options.Hot = None,
    seed: options.Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Say who should be resident where from now on, the steps there, and what that gains.

    What was asked for is a journal's requests, or a trace's; planning is at its end. A change is
    made only if it is worth its loads with enough certainty. Nothing is loaded or unloaded.

    Example: coterie recompose composition.yaml --journal ~/.local/state/coterie/mine/journal

    Example: coterie recompose mine.yaml --profile h200 --trace requests.csv.gz --budget 64GiB
    """
    with options.usage():
        if (journal is None) == (trace is None):
            raise BadRequest("give either `--journal JOURNAL` or `--trace TRACE`: what was asked?")
        if journal is not None and duration:
            raise BadRequest(
                "`--duration` is for traces: who is resident is told of a journal's end"
            )
        horizon_s = _seconds("horizon", horizon)
        wanted = Wanted(
            trace=journal or trace,
            duration=duration,
            speed=speed,
            popularity=popularity,
            mapping=mapping,
            rename=tuple(rename or ()),
            sort=sort,
            seed=seed,
        )
        wishes = _wishes(margin, certainty, budget, patience)
        found = modelled(
            file,
            profiles=profile or (),
            models=models or (),
            state=state,
            hot=options.hot_of(hot),
        )
        there = given(resident, found.setup) if resident else None
        past = None if journal is None else read_ending(journal)
        answer = _answer(file, found, wanted, past, there, wishes, horizon_s)
    if as_json:
        print_json(document(answer))
    else:
        show(parts(answer), TEXT)


def _answer(
    file: Path,
    found: Modelled,
    wanted: Wanted,
    past: Ending | None,
    there: list[str] | None,
    wishes: Options,
    horizon_s: float,
) -> Answer:
    if not wishes.patience_s:
        wishes = structs.replace(wishes, patience_s=found.composition.limits.wait)
    notes = list(found.notes)
    replicas = there
    if replicas is None and past is not None:
        replicas, unknown = known(past.replicas, found.setup)
        if unknown:
            notes.append(
                f"the journal ends with {listed(unknown)}, of experts or on devices that the "
                "document does not have: left out"
            )
    if replicas is None:
        replicas = residents(found.setup)
    end_s = None if past is None else past.at_s / wanted.speed
    demand = observed(found, wanted, horizon_s, end_s)
    state = state_of(found, replicas, demand.slots, past)
    with silenced():
        plan = planned(state, demand.forecast, wishes)
    return Answer(
        file=str(file),
        source=str(wanted.trace),
        observed=demand,
        before=tuple(replicas),
        options=wishes,
        found=plan,
        notes=(*notes, *demand.notes),
    )


def _wishes(margin: float, certainty: float, budget: str | None, patience: str) -> Options:
    """A patience of 0 is the document's. Raises BadRequest."""
    if not 0 <= margin < inf:
        raise BadRequest(f"`--margin` is {margin:g}: expected a number from 0 up", "margin")
    if not 0 < certainty < 1:
        raise BadRequest(
            f"`--certainty` is {certainty:g}: expected one between 0 and 1", "certainty"
        )
    try:
        budget_bytes = None if budget is None else parse_size(budget)
    except ValueError as error:
        raise BadRequest(f"`--budget` is wrong: {error}", "budget") from error
    return Options(
        margin=margin,
        certainty=certainty,
        budget_bytes=budget_bytes,
        patience_s=_seconds("patience", patience) if patience else 0.0,
    )


def _seconds(option: str, text: str) -> float:
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise BadRequest(f"`--{option}` is wrong: {error}", option) from error
    if not seconds:
        raise BadRequest(f"`--{option}` is 0: expected more", option)
    return seconds
