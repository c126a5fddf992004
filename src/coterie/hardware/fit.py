"""A profile fitted to what was seen of a live system: what it reached, and what it took besides.

Only what was alone on its machine is fitted to; how far all of it is off, `deviations` says.
"""

from collections.abc import Iterator, Mapping, Sequence

from coterie.hardware.fit_draft import Draft, Fit
from coterie.hardware.fit_prompts import PromptRow, Prompts, fit_prompts
from coterie.hardware.fit_steps import (
    LEAST,
    LEAST_LINE,
    Estimate,
    Pace,
    Row,
    Steps,
    fit_steps,
    is_spread,
    unit_cost,
)
from coterie.hardware.model import Card
from coterie.hardware.observations import LoadSeen, Seen
from coterie.hardware.profile import Profile
from coterie.hardware.robust import middle, robust_proportion

SURE = 0.25
"""The standard error, as a part, with which a figure is believed that a profile did not have."""


def fitted(profile: Profile, cards: Mapping[str, Card], seen: Seen) -> Fit:
    """The profile as what was seen has it. What that does not tell stays. Experts without a card
    are left out; where more was reached than the profile says there is, there is as much.
    """
    draft = Draft(profile)
    _steps(draft, cards, seen)
    _prompts(draft, cards, seen)
    _loads(draft, cards, seen)
    _unloads(draft, seen)
    _reads(draft, seen)
    return draft.done()


def _steps(draft: Draft, cards: Mapping[str, Card], seen: Seen) -> None:
    rows = [
        Row(
            card.bytes_read(one.batch) + one.batch * one.context * card.kv_bytes_per_token,
            card.operations(one.batch),
            one.batch,
            one.step_s,
        )
        for one in seen.answers
        if (card := cards.get(one.expert))
    ]
    paths = ("efficiency.bandwidth", "efficiency.decode", "overheads.token")
    if len(rows) < LEAST:
        draft.lacks(_too_few(len(rows), "answers of a stream", len(seen.answers_beside)), *paths)
        return
    start = Pace(draft.read, draft.decode, draft.profile.overheads.token)
    found: Steps = fit_steps(rows, start)
    draft.read, draft.decode = found.pace.read, found.pace.decode
    for name, path in zip(("read", "decode", "token"), paths, strict=True):
        if name in found.lacking:
            draft.lacks(found.lacking[name], path)
        elif name != "token":
            draft.efficiency(path.rpartition(".")[2], found.found[name])
    draft.overhead("token", found.pace.token_s, found.found.get("token"))


def _prompts(draft: Draft, cards: Mapping[str, Card], seen: Seen) -> None:
    """The first prompt of a replica's life is none like the others."""
    rows = [
        PromptRow(
            card.prompt_operations(one.tokens),
            card.bytes_read(one.tokens) / draft.read,
            one.seconds,
        )
        for one in seen.prompts
        if not one.is_first and (card := cards.get(one.expert))
    ]
    if len(rows) < LEAST:
        why = _too_few(len(rows), "prompts of a stream", len(seen.prompts_beside))
        draft.lacks(why, "efficiency.prefill", "overheads.first_token")
        return
    found: Prompts = fit_prompts(rows, draft.prefill, draft.profile.overheads.first_token)
    draft.prefill = found.rate
    for name, why in found.lacking.items():
        group = "overheads" if name == "first_token" else "efficiency"
        draft.lacks(why, f"{group}.{name}")
    if "prefill" in found.found:
        draft.efficiency("prefill", found.found["prefill"])
    draft.overhead("first_token", found.first_s, found.found.get("first_token"))


def _loads(draft: Draft, cards: Mapping[str, Card], seen: Seen) -> None:
    """Of weights that were read before, where there are enough; else of all."""
    alone = [one for one in seen.loads if one.expert in cards]
    again = [one for one in alone if one.is_again]
    links = draft.profile.links
    paths = ("overheads.load", *(("efficiency.link",) if links else ()))
    if len(alone) < LEAST:
        draft.lacks(_too_few(len(alone), "loads", len(seen.loads_beside)), *paths)
        return
    if len(again) < LEAST:
        draft.note("loads are those of weights that may have come from disk: few came again")
        again = alone
    if links is None:
        _loads_in_place(draft, again, cards)
        return
    points = list(_moved(again, cards, links.latency))
    if len(points) < LEAST:
        draft.lacks("loads took less than the links' latency: say less of it", *paths)
        return
    alike_s, unit, alike = unit_cost(points, draft.profile.overheads.load)
    draft.link(Estimate(1.0 / unit.value, unit.error, unit.count, unit.left_out))
    if alike is None:
        draft.lacks("experts of one size do not tell it from what a byte costs", "overheads.load")
    draft.overhead("load", alike_s, alike)


def _loads_in_place(draft: Draft, loads: Sequence[LoadSeen], cards: Mapping[str, Card]) -> None:
    """Nothing is copied on a CPU, and yet larger weights may take longer to be made ready: then as
    if they came over a link.
    """
    points = list(_moved(loads, cards, 0.0))
    if len(points) >= LEAST_LINE and is_spread([size for size, _ in points]):
        alike_s, unit, alike = unit_cost(points, 0.0)
        if alike is not None and unit.error < SURE:
            draft.add_link(Estimate(1.0 / unit.value, unit.error, unit.count, unit.left_out))
            draft.overhead("load", alike_s, alike)
            return
    seconds, error = middle([one.seconds for one in loads])
    draft.overhead("load", seconds, Estimate(seconds, error / seconds, len(loads)))


def _moved(
    loads: Sequence[LoadSeen], cards: Mapping[str, Card], latency_s: float
) -> Iterator[tuple[float, float]]:
    for one in loads:
        if one.seconds > latency_s:
            yield float(cards[one.expert].weight_bytes), one.seconds - latency_s


def _unloads(draft: Draft, seen: Seen) -> None:
    if len(seen.unloads) < LEAST:
        draft.lacks(_too_few(len(seen.unloads), "unloads", 0), "overheads.unload")
        return
    seconds, error = middle(list(seen.unloads))
    draft.overhead("unload", seconds, Estimate(seconds, error / seconds, len(seen.unloads)))


def _reads(draft: Draft, seen: Seen) -> None:
    path, count = "tiers.disk.bandwidth", len(seen.reads)
    if draft.profile.tiers.disk is None:
        if count:
            draft.note(
                f"{count} read(s) from disk say nothing: profile {draft.profile.name!r} has no "
                "`tiers.disk`; add one, with the bytes that it holds"
            )
        return
    if count < LEAST:
        draft.lacks(_too_few(count, "reads ahead from disk", 0), path)
        return
    found = robust_proportion([(float(one.read_bytes), one.seconds) for one in seen.reads])
    slope = found.line.slope
    draft.disk(Estimate(1.0 / slope, found.line.slope_error / slope, found.count, found.left_out))


def _too_few(count: int, what: str, beside: int) -> str:
    others = f", and {beside:,} beside others" if beside else ""
    return f"too few {what}: {count:,} alone{others}; {LEAST} are needed"
