"""Loads and budgets that cannot be, even with nobody else there."""

from collections.abc import Iterator, Mapping

from coterie.cli.plan.bare import USUAL, Bare, Typical, Undisturbed
from coterie.cli.plan.caution import Caution
from coterie.cli.plan.hosted import distinct
from coterie.cli.simulation.modelled import Modelled
from coterie.config import format_duration
from coterie.types import Budget

GIB = 1024**3


def timings(found: Modelled, usual: Mapping[str, Typical]) -> Iterator[Caution]:
    """`usual`: what is known of each expert's requests."""
    setup, limits = found.setup, found.setup.limits
    undisturbed = Undisturbed(setup)
    budgets = {one.name: one.budget for one in found.composition.experts}
    for one in setup.experts:
        known = usual.get(one.expert, USUAL)
        takes = undisturbed.takes(one.expert, known)
        if takes is None:
            continue
        if takes.load_s > limits.wait:
            yield Caution(
                "wait",
                "serious",
                one.expert,
                f"a load of {one.expert!r} takes {format_duration(takes.load_s)}, longer than "
                f"`limits.wait`, {format_duration(limits.wait)}: whoever waits for it is refused",
                "raise `limits.wait`, preload and pin it, or take quicker links or disks",
            )
        size = distinct(setup.anywhere(one.expert).parts)
        deadline = limits.load_base + limits.load_per_gib * size / GIB
        if takes.cold_load_s > deadline:
            yield Caution(
                "deadline",
                "serious",
                one.expert,
                f"a load of {one.expert!r} from disk takes {format_duration(takes.cold_load_s)}, "
                f"and is given up after {format_duration(deadline)}",
                "raise `limits.load_base` or `limits.load_per_gib`",
            )
        yield from _budget(takes, known, known.budget.over(budgets[one.expert]))


def _budget(takes: Bare, known: Typical, budget: Budget) -> Iterator[Caution]:
    prompt = f"a prompt of {known.prompt_tokens:.0f} tokens"
    for name, bound, hot_s in (
        ("ttft", budget.ttft, takes.first_s),
        ("e2e", budget.e2e, takes.last_s),
    ):
        if not bound:
            continue
        allowed = f"its `{name}` budget is {format_duration(bound)}"
        if hot_s > bound:
            yield Caution(
                "budget",
                "serious",
                takes.expert,
                f"{takes.expert!r} takes {format_duration(hot_s)} for {prompt} while it is hot and "
                f"nobody else is there, and {allowed}",
                "raise the budget, or take a faster device or a smaller model",
            )
        elif takes.load_s + hot_s > bound:
            yield Caution(
                "budget",
                "notable",
                takes.expert,
                f"{takes.expert!r} takes {format_duration(takes.load_s + hot_s)} for {prompt} if "
                f"it must be loaded first, and {allowed}: only requests that find it hot keep it",
                "pin it, raise the budget, or name `fallbacks`",
            )
