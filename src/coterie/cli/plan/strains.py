"""What a simulation warns of: experts that chase each other, machines that are too busy, requests
that are turned away.
"""

from collections.abc import Iterator, Sequence

from coterie.cli.plan.caution import MOST_NAMES, Caution
from coterie.cli.plan.hosted import distinct
from coterie.cli.simulation import Variant
from coterie.cli.simulation.figures import percent
from coterie.config import format_duration, format_size
from coterie.config.finding import listed
from coterie.simulator import Setup
from coterie.simulator.residency import RETURN_S, Return
from coterie.simulator.tallies import REFUSALS

ALARM = 6
"""So many returns are told of, and as many an hour."""
BUSY = 0.9
WAITING = 2.0  # requests on average, where a machine has too little time
NEARLY = 0.8
MANY = 0.01  # of the requests
REASONS = {
    "queue_full": (
        "`limits.queue` or `limits.queue_per_expert` was full",
        "see what they wait for; a longer queue only has them wait for longer",
    ),
    "wait_exceeded": (
        "they had waited for `limits.wait`",
        "see what they wait for; a larger limit only has them wait for longer",
    ),
    "budget_exceeded": (
        "their latency budget could no longer be kept",
        "see what they wait for, raise the budget, or name `fallbacks`",
    ),
    "budget_impossible": (
        "their latency budget is less than they take with nobody else there",
        "raise the budget, or take a faster device or a smaller model",
    ),
    "expert_unavailable": ("their expert could not be loaded", "see whether it fits anywhere"),
    "model_not_found": ("there is no expert of that name", "declare it, or `--rename` it"),
}


def strains(variant: Variant) -> list[Caution]:
    """Of one simulation."""
    return [
        *_thrash(variant),
        *_overload(variant),
        *_queue(variant),
        *_refused(variant),
    ]


def circles(chases: Sequence[Return], least: float = ALARM) -> list[tuple[tuple[str, ...], int]]:
    """Experts that chase each other, directly or over others, and how often; the worst first."""
    groups: list[tuple[set[str], int]] = []
    for chase in chases:
        own, times = set(chase.experts), chase.times
        rest = []
        for names, count in groups:
            if names & own:
                own, times = own | names, times + count
            else:
                rest.append((names, count))
        groups = [*rest, (own, times)]
    found = [(tuple(sorted(names)), times) for names, times in groups if times >= least]
    return sorted(found, key=lambda one: (-one[1], one[0]))


def _thrash(variant: Variant) -> Iterator[Caution]:
    hours = variant.metrics.duration_s / 3600.0
    for names, times in circles(variant.metrics.chases, ALARM * max(1.0, hours)):
        many = "each other" if len(names) == 2 else "one another"
        yield Caution(
            "thrash",
            "notable",
            names[0],
            f"{listed(names, MOST_NAMES)} chase {many} out of memory: {times:,} times, "
            f"{times / hours:,.0f} an hour, one was loaded again within "
            f"{format_duration(RETURN_S)} of its eviction",
            _enough(variant, names),
        )


def _enough(variant: Variant, names: Sequence[str]) -> str:
    """What memory would hold them: themselves, or else all that is asked."""
    whatif = "`coterie whatif --sweep hot=…` says what that brings"
    more = more_bytes(variant.setup, names)
    if more:
        return f"{format_size(more)} more hot memory on a device would hold all of them; {whatif}"
    asked = [one.expert for one in variant.metrics.experts if one.requests and one.loads]
    parts = [part for name in asked for part in variant.setup.anywhere(name).parts]
    rest = distinct(parts) - sum(device.hot_bytes for device in variant.setup.devices)
    if rest > 0:
        return f"{format_size(rest)} more hot memory would hold everybody who is asked; {whatif}"
    return "there is room for everybody who is asked: say on which `devices` each of them runs"


def more_bytes(setup: Setup, names: Sequence[str]) -> int:
    """By how much the largest device would have to grow to hold all of them; 0: it holds them."""
    parts = [part for name in names for part in setup.anywhere(name).parts]
    return max(0, distinct(parts) - max(device.hot_bytes for device in setup.devices))


def _overload(variant: Variant) -> Iterator[Caution]:
    busy = [
        one
        for one in variant.metrics.machines
        if one.utilisation is not None and one.utilisation > BUSY
    ]
    turned_away = any(code in REFUSALS for code in variant.metrics.problems)
    if busy and (turned_away or (variant.metrics.mean_waiting or 0.0) > WAITING):
        worst = max(busy, key=lambda one: (one.utilisation or 0.0, one.machine))
        others = f", and {len(busy) - 1} more are above {percent(BUSY)}" if len(busy) > 1 else ""
        yield Caution(
            "overload",
            "notable",
            worst.machine,
            f"{worst.machine!r} computes {percent(worst.utilisation or 0.0)} of the time{others}: "
            "whoever comes in addition waits without end, or is refused",
            "add devices or `replicas`; memory alone does not help a machine that computes already",
        )


def _queue(variant: Variant) -> Iterator[Caution]:
    limits, most = variant.setup.limits, variant.metrics.max_waiting or 0
    if NEARLY * limits.queue <= most and "queue_full" not in variant.metrics.problems:
        yield Caution(
            "queue",
            "notable",
            "limits.queue",
            f"{most:,} requests waited at once, of {limits.queue:,} that `limits.queue` allows",
            "raise it, or see what they wait for",
        )


def _refused(variant: Variant) -> Iterator[Caution]:
    for code, count in variant.metrics.problems.items():
        why, advice = REASONS.get(code, ("", "see who, with --report page.html"))
        what = "are turned away" if code in REFUSALS else "fail"
        yield Caution(
            "queue" if code == "queue_full" else "refused",
            "serious" if count >= MANY * variant.metrics.requests else "notable",
            code,
            f"{count:,} of {variant.metrics.requests:,} requests {what} ({code})"
            f"{': ' if why else ''}{why}",
            advice,
        )
