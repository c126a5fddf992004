"""A plan as a composition: what was chosen, and a route `auto` that gives each prompt to one of it.

What is written is decoded before, and appears whole or not at all.
"""

import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from coterie.cli.pool import Pool
from coterie.config import Composition, decode
from coterie.errors import CommandError, CompositionError, PlanImpossible, Problem
from coterie.planner import Plan

ROUTE = "auto"
EXAMPLES = 20
MOST_CHARACTERS = 1000


def composed(
    pool: Pool,
    plan: Plan,
    target: Path,
    *,
    memory: int,
    hot: int,
    examples: Mapping[str, Sequence[str]],
    router: Path | None = None,
) -> dict[str, Any]:
    """The document, to be written to `target`. Its route goes by the fitted `router` where there is
    one, else by `examples`, prompts of each category.

    Raises PlanImpossible where an expert has no weights to be served.
    """
    idle = [name for name in plan.experts if not pool.can_run(name)]
    if idle:
        raise PlanImpossible(
            f"no composition can be written: {', '.join(map(repr, idle))} would have no `weights`; "
            "say in the experts' file where they come from, as file://PATH, package://MODULE/FILE, "
            "hf://ORG/REPO@REVISION/FILE or https://URL"
        )
    document = {"version": 1, "name": "composed", **pool.document}
    document["nodes"] = _nodes(document.get("nodes"), memory, hot)
    document["experts"] = [_expert(pool, plan, name, target) for name in plan.experts]
    route: dict[str, Any] = {
        "name": ROUTE,
        "otherwise": plan.generalist,
        "candidates": list(plan.experts),
    }
    if router is not None:
        route["learned"] = _from(target, router)
    elif len(plan.mapping) > 1:
        route["categories"] = _categories(plan, examples)
    others = [one for one in document.get("routes") or () if one["name"] != ROUTE]
    return document | {"routes": [route, *others]}


def checked(document: dict[str, Any], remark: str) -> bytes:
    """The document as YAML. Raises CompositionError where it is none."""
    text = "".join(f"# {line}\n" for line in remark.splitlines())
    text += yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    try:
        found: Composition = decode(text.encode(), "composition.yaml")
    except CompositionError as error:
        raise CompositionError(
            tuple(
                Problem(f"the composition to be written: {one.path}", one.message)
                for one in error.problems
            )
        ) from error
    assert found.experts
    return text.encode()


def check_free(target: Path, force: bool) -> None:
    """Raises CommandError if something is there already, or no folder."""
    if target.exists() and not force:
        raise CommandError(f"{str(target)!r} is there already: take another name, or say --force")
    if not target.parent.is_dir():
        raise CommandError(f"there is no folder {str(target.parent)!r}: make it first")


def write(target: Path, data: bytes) -> None:
    """The file, whole or not at all. Raises CommandError."""
    try:
        number, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        written = Path(name)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(data)
                os.fchmod(file.fileno(), 0o666 & ~_umask())
            written.replace(target)
        finally:
            written.unlink(missing_ok=True)
    except OSError as error:
        raise CommandError(
            f"{str(target)!r} cannot be written: {error.strerror or error}"
        ) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _nodes(said: Any, memory: int, hot: int) -> list[dict[str, Any]]:
    """Those that are said; where there is but one device, with the memory that was planned for."""
    if not said:
        host = {"host": memory} if hot else {}
        return [{"name": "local", **host, "devices": [{"name": "ram", "hot": hot or memory}]}]
    nodes = [dict(node) for node in said]
    if len(nodes) == 1 and len(nodes[0]["devices"]) == 1:
        nodes[0]["devices"] = [{**nodes[0]["devices"][0], "hot": hot or memory}]
    return nodes


def _expert(pool: Pool, plan: Plan, name: str, target: Path) -> dict[str, Any]:
    said = pool.declared(name)
    weights = said.get("weights", "")
    if weights.startswith("file://"):
        place = weights.removeprefix("file://")
        if not place.startswith("~/"):
            said["weights"] = f"file://{_from(target, pool.folder / place)}"
    if "fallbacks" in said:
        said["fallbacks"] = [other for other in said["fallbacks"] if other in plan.experts]
    return said


def _from(target: Path, place: Path) -> str:
    """A path relative to the document where it lies below its folder, else from the root."""
    folder, absolute = target.resolve().parent, place.absolute()
    if absolute.is_relative_to(folder):
        return absolute.relative_to(folder).as_posix()
    return absolute.as_posix()


def _categories(plan: Plan, examples: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Each category with some of its prompts, from the first to the last of them."""
    found: list[dict[str, Any]] = []
    taken: set[str] = set()
    for category, expert in plan.mapping.items():
        prompts = [text[:MOST_CHARACTERS] for text in examples.get(category, ()) if text.strip()]
        name = _named(category, taken)
        taken.add(name)
        if prompts:
            step = max(1, len(prompts) // EXAMPLES)
            shown = list(dict.fromkeys(prompts[::step]))[:EXAMPLES]
            found.append({"name": name, "to": expert, "examples": shown})
    return found


def _named(category: str, taken: set[str]) -> str:
    """A name that a category may have in a document."""
    name = re.sub(r"[^A-Za-z0-9._:/+-]+", "-", category).strip("-._:/+")[:120] or "category"
    number = 2
    unique = name
    while unique in taken:
        unique, number = f"{name}-{number}", number + 1
    return unique
