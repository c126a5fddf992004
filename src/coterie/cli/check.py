"""`coterie check`: all that is wrong with a composition; nothing is started or fetched for it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct

from coterie import engines
from coterie.cli.state import state_dir
from coterie.config import Composition, draft, fit_problems, format_size
from coterie.config.route import Route
from coterie.engines import Engine
from coterie.errors import EngineUnknown, Problem, RouterInvalid, WeightsError
from coterie.registry import Registry
from coterie.router.opening import open_examples, open_learned, unfitted
from coterie.router.rules import Rules
from coterie.scheduler import policy_problem
from coterie.types import Expert, Footprint


class Report(Struct, frozen=True):
    """What was found: `composition` is None where the document is not one."""

    composition: Composition | None
    problems: tuple[Problem, ...]
    footprints: dict[str, Footprint]


def check(
    file: Annotated[Path, typer.Argument(help="The composition, in YAML or JSON.")],
    state: Annotated[
        Path | None, typer.Option(help="Where fetched weights are; as `coterie up` is told.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Say everything that is wrong with a composition.

    Exit status 1 if anything is. Nothing is started and nothing fetched: of weights that are not on
    this machine, only the name is checked.

    Example: coterie check composition.yaml
    """
    report = examine(file, state)
    print(_json(file, report) if as_json else _text(file, report))
    if report.problems:
        raise typer.Exit(1)


def examine(file: Path, state: Path | None = None) -> Report:
    """Everything wrong with the composition in `file`: document, engines, weights and fit.

    `state`: where weights that were fetched are found; None: where `coterie up` puts them.
    """
    try:
        composition, found = draft(file.read_bytes(), file.name)
    except OSError as error:
        return Report(None, (Problem("", f"cannot be read: {error.strerror or error}"),), {})
    if composition is None:
        return Report(None, found, {})
    return _inspected(composition, found, file.resolve().parent, state_dir(state, composition.name))


def _inspected(
    composition: Composition, problems: tuple[Problem, ...], base_dir: Path, state: Path
) -> Report:
    """The problems, and what only engines and weights can tell; no place is reported twice."""
    reported = {problem.path for problem in problems}
    registry = Registry(state, base_dir)
    found = [policy_problem(composition.scheduler.policy)]
    footprints: dict[str, Footprint] = {}
    created: dict[str, Engine] = {}
    for i, expert in enumerate(composition.experts):
        path = f"experts[{i}]"
        if path in reported:
            continue
        try:
            engine = created.get(expert.engine) or engines.create(expert.engine, state)
        except EngineUnknown as error:
            found.append(Problem(f"{path}.engine", str(error)))
            continue
        created[expert.engine] = engine
        wrong = list(_expert_problems(path, expert, engine, registry))
        found += wrong
        if not wrong and not any(place.startswith(path) for place in reported):
            footprints |= _footprint(expert, engine, registry)
    for i, route in enumerate(composition.routes):
        if not any(place.startswith(f"routes[{i}]") for place in reported):
            found += _route_problems(f"routes[{i}]", route, base_dir)
    if not any(place.startswith("nodes") for place in reported):
        found += fit_problems(composition, footprints)
    new = (problem for problem in found if problem is not None and problem.path not in reported)
    return Report(composition, (*problems, *new), footprints)


def _expert_problems(
    path: str, expert: Expert, engine: Engine, registry: Registry
) -> Iterator[Problem]:
    wrong = engine.problems(expert)
    for field, message in wrong.items():
        yield Problem(f"{path}.{field}", message)
    if "weights" in wrong:
        return
    if expert.weights:
        problem = registry.problem(expert.weights)
        if problem is not None:
            yield Problem(f"{path}.weights", problem)
    elif engine.needs_weights:
        yield Problem(
            f"{path}.weights",
            f"missing: engine {engine.name!r} runs weights; say where they come from, as "
            "file://PATH, package://MODULE/FILE, hf://ORG/REPO@REVISION/FILE or https://URL",
        )


def _route_problems(path: str, route: Route, base: Path) -> Iterator[Problem]:
    """What only the route's files and the embedders' weights can tell."""
    try:
        Rules(route.rules)
    except RouterInvalid as error:
        yield Problem(f"{path}.rules", str(error))
    try:
        open_examples(route)
    except RouterInvalid as error:
        yield Problem(f"{path}.embedder", str(error))
    if not route.learned:
        return
    try:
        learned = open_learned(route, base)
    except RouterInvalid as error:
        yield Problem(f"{path}.learned", str(error))
        return
    if unknown := unfitted(route, learned):
        names = ", ".join(map(repr, unknown))
        yield Problem(
            f"{path}.learned",
            f"it was not fitted for {names}, which may answer: fit it for them as well, or take "
            "them out of the route",
        )


def _footprint(expert: Expert, engine: Engine, registry: Registry) -> dict[str, Footprint]:
    """By the expert's name; empty where its weights are still to be fetched."""
    try:
        weights = registry.glance(expert.weights) if expert.weights else None
    except WeightsError:
        return {}  # gone since it was looked at
    if weights is None and engine.needs_weights:
        return {}
    return {expert.name: engine.footprint(expert, weights)}


def _json(file: Path, report: Report) -> str:
    return json.dumps(
        {
            "file": str(file),
            "ok": not report.problems,
            "problems": [
                {"path": problem.path, "message": problem.message} for problem in report.problems
            ],
            "hot_bytes": {name: need.hot_bytes for name, need in report.footprints.items()},
        },
        indent=2,
    )


def _text(file: Path, report: Report) -> str:
    if report.composition is None or report.problems:
        return "\n".join(f"{file}: {problem}" for problem in report.problems)
    devices = [device for node in report.composition.nodes for device in node.devices]
    hot = format_size(sum(device.hot for device in devices))
    lines = [f"{file}: no problems"]
    for expert in report.composition.experts:
        need = report.footprints.get(expert.name)
        said = format_size(need.hot_bytes) if need else "known once its weights are here"
        lines.append(f"  {expert.name}: {said}")
    return "\n".join([*lines, f"  hot memory: {hot} on {len(devices)} device(s)"])
