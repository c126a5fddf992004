"""From a composition's document to a simulation: nothing is started, and nothing fetched."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct, structs

from coterie.cli.check import Report, examine
from coterie.cli.document import check_policy
from coterie.cli.simulation.machines import Kind, Machines, machines
from coterie.cli.simulation.weighed import Library, Rows, Weighed, read_models
from coterie.cli.state import state_dir
from coterie.config import Composition, SchedulerOptions, draft, fit_problems, format_size
from coterie.config.finding import listed
from coterie.errors import CompositionError, Problem
from coterie.hardware import Card, Figures
from coterie.hardware.costs import figures
from coterie.scheduler import events as on
from coterie.simulator import FREE, Setup
from coterie.types import Footprint


class Modelled(Struct, frozen=True):
    """`cards` and `footprints` are by expert. `notes`: what to know about these figures, in words;
    also experts that fit nowhere, with which a server would refuse to start.
    """

    composition: Composition
    setup: Setup
    cards: dict[str, Card]
    footprints: dict[str, Footprint]
    notes: tuple[str, ...]
    library: Library


def modelled(
    file: Path,
    *,
    profiles: Sequence[str] = (),
    models: Sequence[Path] = (),
    state: Path | None = None,
    policy: str = "",
    hot: int | None = None,
) -> Modelled:
    """The composition in `file` on machines as `profiles` have them, by NAME or FILE for all nodes
    or as NODE=….

    `models`: lists with sizes of experts whose weights are not here. `state`: where fetched weights
    are. `policy` and `hot` (bytes of each device) hold in place of the document's. Raises
    CompositionError, ProfileInvalid, PlanImpossible, or BadRequest where a profile is of no node.
    """
    rows = read_models(models)
    composition = _document(file, rows, state)
    if policy:
        check_policy(policy)
        composition = structs.replace(composition, scheduler=SchedulerOptions(policy))
    if hot is not None:
        composition = with_hot(composition, hot)
    library = Library(file.resolve().parent, state_dir(state, composition.name), rows)
    return model(composition, profiles, library)


def model(composition: Composition, profiles: Sequence[str], library: Library) -> Modelled:
    """The same of a composition that is decoded already, or of another than its document has.
    Raises ProfileInvalid, PlanImpossible, or BadRequest.
    """
    place = machines(composition, profiles)
    found = library.weigh(composition.experts)
    notes = [*place.notes, *found.notes, *_crowded(place, found)]
    notes += map(str, fit_problems(composition, found.footprints))
    setup = _setup(composition, place, found)
    return Modelled(composition, setup, found.cards, found.footprints, tuple(notes), library)


def with_hot(composition: Composition, hot: int) -> Composition:
    """The same, each device with so many bytes of hot memory."""
    nodes = tuple(
        structs.replace(
            node, devices=tuple(structs.replace(device, hot=hot) for device in node.devices)
        )
        for node in composition.nodes
    )
    return structs.replace(composition, nodes=nodes)


def declared(composition: Composition) -> tuple[on.Declared, ...]:
    """Experts as the controller declares them: where none is to be preloaded, the first is."""
    experts = composition.experts
    probe = experts[0].name if not any(one.pin or one.preload for one in experts) else ""
    return tuple(
        on.Declared(
            at=0.0,
            expert=one.name,
            slots=one.parallel,
            replicas=one.replicas,
            pinned=one.pin,
            preload=one.preload or one.name == probe,
            idle_ttl_s=one.idle_ttl,
            devices=one.devices,
        )
        for one in experts
    )


def tenants(composition: Composition) -> tuple[on.TenantDeclared, ...]:
    """Those who own a key, each with its weight."""
    weights = {tenant.name: tenant.weight for tenant in composition.tenants}
    owners = dict.fromkeys(key.tenant or key.name for key in composition.keys)
    return tuple(on.TenantDeclared(0.0, one, float(weights.get(one, 1))) for one in owners)


def _document(file: Path, rows: Rows, state: Path | None) -> Composition:
    """The composition, unless something is wrong with it that a simulation has to do with."""
    report = examine(file, state)
    composition = report.composition
    wrong = report.problems if composition is None else _problems(file, composition, report, rows)
    if composition is None or wrong:
        raise CompositionError(tuple(Problem(str(file), str(problem)) for problem in wrong))
    return composition


def _problems(
    file: Path, composition: Composition, report: Report, rows: Rows
) -> tuple[Problem, ...]:
    """Not: weights that are not here, where a list says what they weigh; files of routes; and what
    does not fit, which is told in notes.
    """
    if not report.problems:
        return ()
    _, written = draft(file.read_bytes(), file.name)
    misfits = fit_problems(composition, report.footprints)
    weighed_otherwise = [
        f"experts[{i}].weights" for i, one in enumerate(composition.experts) if one.name in rows
    ]
    return tuple(
        problem
        for problem in report.problems
        if problem not in misfits
        and problem.path not in weighed_otherwise
        and (problem in written or not problem.path.startswith("routes["))
    )


def _setup(composition: Composition, place: Machines, found: Weighed) -> Setup:
    return Setup(
        policy=composition.scheduler.policy,
        limits=composition.limits,
        devices=place.devices,
        experts=declared(composition),
        figures={name: _figures(composition, kind, found) for name, kind in place.by_kind.items()},
        cores=place.cores,
        computes=place.computes,
        kinds=place.kinds,
        lanes=place.lanes,
        places=place.places,
        tenants=tenants(composition),
    )


def _figures(composition: Composition, kind: Kind, found: Weighed) -> Mapping[str, Figures]:
    costs = {}
    for expert in composition.experts:
        card = found.cards[expert.name]
        one = figures(kind.profile, card, context=expert.context, slots=expert.parallel)
        costs[expert.name] = structs.replace(
            one,
            parts=found.footprints[expert.name].hot,
            threads=kind.threads,
            output_threads=min(one.output_threads, max(1.0, (kind.threads + 1) // 2)),
        )
    return costs


def _crowded(place: Machines, found: Weighed) -> list[str]:
    """Nodes whose host memory does not hold the weights of all experts."""
    needed = sum(card.weight_bytes for card in found.cards.values())
    alike: dict[tuple[int, bool], list[str]] = {}
    for one in place.places:
        if one.host_bytes and needed > one.host_bytes:
            alike.setdefault((one.host_bytes, one.disk == FREE), []).append(one.node)
    return [
        f"the experts' weights are {format_size(needed)}, more than the "
        f"{format_size(host_bytes)} of host memory on {listed(nodes)}: "
        + (
            "the profile has no disk, so reading the others again is taken to cost nothing"
            if is_free
            else "the others are read from disk again"
        )
        for (host_bytes, is_free), nodes in alike.items()
    ]
