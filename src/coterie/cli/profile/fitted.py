"""What a fit came to: figures before and after, how far the model is off, and what is not known."""

from collections.abc import Mapping, Sequence
from statistics import median, quantiles
from typing import Any

from rich.console import Console

from coterie.cli.profile.tables import PIPE_WIDTH, shown, table
from coterie.hardware.fit_draft import Fit
from coterie.hardware.observations import Seen
from coterie.hardware.profile import Profile

Deviations = Mapping[str, Sequence[float]]


def show(start: Profile, found: Fit, seen: Seen, before: Deviations, after: Deviations) -> None:
    """All of it on stderr: a profile may go to stdout."""
    out = Console(stderr=True, markup=False, highlight=False)
    if not out.is_terminal:
        out = Console(stderr=True, markup=False, highlight=False, width=PIPE_WIDTH)
    out.print(_answers(seen), soft_wrap=True)
    rows = figures(start, found)
    if rows:
        listed = table("figure", "before", "after", "+-", "observations", "left out")
        for path, row in rows.items():
            listed.add_row(
                path,
                "-" if row["before"] is None else shown(path, row["before"]),
                shown(path, row["after"]),
                f"{row['error'] * 100:.3g} %" if row["after"] else "-",
                f"{row['observations']:,}",
                f"{row['left_out']:,}",
            )
        out.print()
        out.print(listed)
    off = table("how far the model is off", "seen", "before: median", "p90", "after: median", "p90")
    for kind, row in errors(before, after).items():
        told = [f"{row[which][at] * 100:.3g} %" if row[which] else "-" for which, at in ORDER]
        off.add_row(kind, f"{row['seen']:,}", *told)
    out.print()
    out.print(off)
    if found.lacking:
        kept = table("not fitted", "value", "why")
        for path, why in found.lacking.items():
            kept.add_row(path, shown(path, found.profile.figures()[path]), why)
        out.print()
        out.print(kept)
    for note in found.notes:
        out.print(f"\nnote: {note}", soft_wrap=True)


ORDER = (("before", "median"), ("before", "p90"), ("after", "median"), ("after", "p90"))


def as_json(
    start: Profile, found: Fit, seen: Seen, before: Deviations, after: Deviations
) -> dict[str, Any]:
    """The same as plain values; parts of 1, seconds, bytes and operations a second."""
    return {
        "counts": dict(seen.counts),
        "figures": figures(start, found),
        "errors": errors(before, after),
        "lacking": found.lacking,
        "notes": found.notes,
    }


def figures(start: Profile, found: Fit) -> dict[str, dict[str, Any]]:
    """What was fitted, by path, in the order of a profile."""
    was, now = start.figures(), found.profile.figures()
    return {
        path: {
            "before": was.get(path),
            "after": value,
            "error": found.found[path].error,
            "observations": found.found[path].count,
            "left_out": found.found[path].left_out,
        }
        for path, value in now.items()
        if path in found.found
    }


def errors(before: Deviations, after: Deviations) -> dict[str, dict[str, Any]]:
    """The median and the 90th percentile of how far off the model is, by kind, whichever way."""
    kinds = [kind for kind in after] + [kind for kind in before if kind not in after]
    return {
        kind: {
            "seen": len(after.get(kind) or before[kind]),
            "before": _spread(before.get(kind, ())),
            "after": _spread(after.get(kind, ())),
        }
        for kind in kinds
    }


def _spread(parts: Sequence[float]) -> dict[str, float] | None:
    if not parts:
        return None
    off = [abs(part) for part in parts]
    most = quantiles(off, n=10, method="inclusive")[-1] if len(off) > 1 else off[0]
    return {"median": median(off), "p90": most}


def _answers(seen: Seen) -> str:
    counts = seen.counts
    told = f"{counts['answered']:,} answers"
    if counts["whole"]:
        told += (
            f"; {counts['whole']:,} of them came whole, and do not tell when their first token did"
        )
    if counts["uncounted"]:
        told += f"; of {counts['uncounted']:,} the prompt's tokens are not told"
    if counts["failed"]:
        told += f"; {counts['failed']:,} failed and are left out"
    return told
