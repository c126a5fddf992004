"""A plan as a document and for people: what fits, the way there, what it brings, and warnings."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from coterie.cli.parts import Part
from coterie.cli.plan.apart import Apart, Found
from coterie.cli.plan.caution import Caution
from coterie.cli.plan.differences import Change, said
from coterie.cli.plan.here import Here
from coterie.cli.plan.hosted import Fit, Held
from coterie.cli.plan.predicted import Predicted, Verdict, as_document, rows
from coterie.cli.plan.steps import Step, Way
from coterie.cli.simulation.figures import NOTHING, percent
from coterie.config import format_duration, format_size
from coterie.config.finding import listed

MOST_ROWS = 12
MOST_PAIRS = 5
MOST_ALIKE = 3


class Plan(Struct, frozen=True):
    """All that `coterie plan` found. Without something to compare with, `before` is None and there
    are no `changes`; without requests, nothing is `predicted`.
    """

    file: str
    before: Here | None
    fit: Fit
    apart: Found
    changes: Sequence[Change]
    way: Way
    predicted: Predicted | None
    warnings: Sequence[Caution]
    verdicts: Sequence[Verdict]
    notes: Sequence[str]


def document(plan: Plan) -> dict[str, Any]:
    """Plain values: sizes are bytes, times seconds, shares from 0 to 1, unknowns null."""
    before = plan.before
    return {
        "file": plan.file,
        "against": None
        if before is None
        else {
            "name": before.name,
            "is_running": before.is_running,
            "replicas": list(before.replicas),
        },
        "fit": msgspec.to_builtins(plan.fit) | {"never_together": msgspec.to_builtins(plan.apart)},
        "changes": msgspec.to_builtins(list(plan.changes)),
        "way": msgspec.to_builtins(plan.way),
        "predicted": None if plan.predicted is None else as_document(plan.predicted),
        "warnings": msgspec.to_builtins(list(plan.warnings)),
        "conditions": msgspec.to_builtins(list(plan.verdicts)),
        "notes": list(plan.notes),
    }


def parts(plan: Plan) -> list[Part]:
    """The report, part by part."""
    found = [_memories(plan.fit), _experts(plan), *_changes(plan), _way(plan)]
    if plan.predicted is None:
        nothing = "nothing is predicted without requests: give --trace FILE or --rate REQUESTS"
        found.append(Part("predicted", lines=[nothing]))
    else:
        found.append(_predicted(plan.predicted))
    found.append(_warnings(plan.warnings))
    if plan.verdicts:
        lines = [
            f"`{one.condition}` {'holds: this fails' if one.holds else 'does not hold'}"
            for one in plan.verdicts
        ]
        found.append(Part("conditions", lines=lines))
    if plan.notes:
        more = len(plan.notes) - MOST_ROWS
        rest = [f"{more} more notes are in --json"] if more > 0 else []
        found.append(Part("notes", lines=[*plan.notes[:MOST_ROWS], *rest]))
    return found


def _memories(fit: Fit) -> Part:
    columns = ["memory", "tier", "size", "at the start", "of it", "experts", "all would take"]
    shown = fit.memories
    if len(shown) > MOST_ROWS:  # the fullest of each tier
        shown = tuple(sorted(shown, key=lambda one: (one.tier != "hot", -(one.share or 0.0))))
    shown = shown[:MOST_ROWS]
    lines = [
        f"{fit.at_once} of {fit.experts} experts can be hot at the same time"
        + ("" if fit.at_once < fit.experts else ": nobody ever has to make room")
    ]
    shared = max((one.shared_bytes for one in fit.memories if one.tier == "hot"), default=0)
    if shared:
        lines.append(
            f"parts that experts share count once on a device, which saves {format_size(shared)} "
            "where it saves most"
        )
    if len(fit.memories) > MOST_ROWS:
        lines.append(f"{len(fit.memories) - MOST_ROWS} more memories are in --json")
    return Part("fit", columns, [_memory(one) for one in shown], lines)


def _memory(one: Held) -> list[str]:
    return [
        one.place,
        one.tier,
        format_size(one.offered_bytes) if one.offered_bytes else "no bound",
        format_size(one.used_bytes),
        NOTHING if one.share is None else percent(one.share),
        f"{len(one.experts)} of {one.candidates}",
        format_size(one.all_bytes),
    ]


def _experts(plan: Plan) -> Part:
    largest = sorted(plan.fit.taken, key=lambda one: (-one.hot_bytes, one.expert))
    columns = ["expert", "hot", "weights", "KV cache", "other", "shared", "at the start on"]
    table = [
        [
            one.expert,
            format_size(one.hot_bytes),
            format_size(one.weights_bytes),
            _size(one.cache_bytes),
            _size(one.other_bytes),
            _size(one.shared_bytes),
            ", ".join(replica.rpartition("@")[2] for replica in one.replicas) or NOTHING,
        ]
        for one in largest[:MOST_ROWS]
    ]
    lines = [_pair(one) for one in plan.apart.pairs[:MOST_PAIRS]]
    if plan.apart.count > MOST_PAIRS:
        lines.append(f"{plan.apart.count - MOST_PAIRS:,} more pairs are never beside each other")
    if len(largest) > MOST_ROWS:
        lines.append(f"{len(largest) - MOST_ROWS} more experts, none of them larger, are in --json")
    return Part("what a replica takes", columns, table, lines)


def _pair(one: Apart) -> str:
    how = (
        "are never hot at the same time" if one.takes_turns else "are never on one device together"
    )
    asked = "" if one.requests is None else f"; the one is asked {one.requests:,} times or more"
    where = f"of {format_size(one.most_bytes)}" if one.most_bytes else "and share no device"
    return f"{listed(one.experts)} {how}: they take {format_size(one.needed_bytes)} {where}{asked}"


def _changes(plan: Plan) -> list[Part]:
    if plan.before is None:
        return []
    lines = [_change(one) for one in plan.changes] or ["nothing differs"]
    more = len(lines) - 2 * MOST_ROWS
    if more > 0:
        lines = [*lines[: 2 * MOST_ROWS], f"{more} more changes are in --json"]
    return [Part(f"changes from {plan.before.name}", lines=lines)]


def _change(one: Change) -> str:
    name = f" {one.name!r}" if one.name else ""
    if one.kind != "changed":
        return f"{'+' if one.kind == 'added' else '-'} {one.what}{name}"
    field = f": {said(one)}" if one.field else " is otherwise"
    return f"~ {one.what}{name}{field}{'; its replicas are loaded anew' if one.reloads else ''}"


def _way(plan: Plan) -> Part:
    way, before = plan.way, plan.before
    title = f"steps from {before.name}" if before is not None else "steps from empty machines"
    table = [
        [str(place), *_step(one)] for place, one in enumerate(way.steps[: 2 * MOST_ROWS], start=1)
    ]
    lines = [_moves(way)]
    if before is not None:
        kept = f": {listed(way.kept, 6)}" if way.kept else ""
        lines.append(f"{len(way.kept)} replica(s) stay where they are{kept}")
    if len(way.steps) > 2 * MOST_ROWS:
        lines.append(f"{len(way.steps) - 2 * MOST_ROWS} more steps are in --json")
    columns = ["", "step", "expert", "device", "bytes", "free then", "takes", "why"]
    return Part(title, columns if table else (), table, lines)


def _step(one: Step) -> list[str]:
    return [
        one.action,
        one.expert,
        one.device or NOTHING,
        format_size(one.bytes),
        NOTHING if one.free_bytes is None else format_size(one.free_bytes),
        NOTHING if one.seconds is None else format_duration(one.seconds),
        one.reason,
    ]


def _moves(way: Way) -> str:
    if not way.steps:
        return "nothing is loaded or unloaded"
    said = f"{format_size(way.moved_bytes)} move onto devices"
    if way.seconds:
        said += f", in {format_duration(way.seconds)} one after the other"
    unloads = any(one.action == "unload" for one in way.steps)
    return said if unloads else f"{said}; nothing has to be unloaded first"


def _predicted(found: Predicted) -> Part:
    count = f"{len(found.requests):,} requests"
    lines = ["percentiles are of answered requests; who is turned away is in none of them"]
    if found.before is None:
        table = [[one.title, one.after] for one in rows(found)]
        return Part(f"predicted for {count}", ["", "after"], table, lines)
    table = [list(one) for one in rows(found)]
    return Part(f"predicted for {count}", ["", "before", "after", "change"], table, lines)


def _warnings(found: Sequence[Caution]) -> Part:
    lines: list[str] = []
    counts = Counter(one.kind for one in found)
    shown: Counter[str] = Counter()
    for one in found:
        shown[one.kind] += 1
        if shown[one.kind] <= MOST_ALIKE:
            lines.append(f"{'!' if one.level == 'serious' else '·'} {one.message}")
            lines += [f"    {one.advice}"] if one.advice else []
        elif shown[one.kind] == counts[one.kind]:
            lines.append(f"    {counts[one.kind] - MOST_ALIKE} more like it are in --json")
    return Part("warnings", lines=lines or ["none"])


def _size(size_bytes: int) -> str:
    return format_size(size_bytes) if size_bytes else NOTHING
