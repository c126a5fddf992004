"""A machine whose true profile is known is observed; the fit finds it again from one that is wrong
by half or twice.
"""

from collections.abc import Mapping
from statistics import median

import pytest
from msgspec import structs

from coterie.hardware.catalogue import load
from coterie.hardware.costs import load_s, prefill_s, step_s
from coterie.hardware.deviations import deviations
from coterie.hardware.document import as_yaml, decode
from coterie.hardware.fit import fitted
from coterie.hardware.model import Card
from coterie.hardware.observations import AnswerSeen, LoadSeen, PromptSeen, ReadSeen, Seen
from coterie.hardware.observer import Observer
from coterie.hardware.profile import Efficiency, Links, Overheads, Profile
from tests.hardware.journal_of import asked, journal

SMALL = {
    "small": Card("small", 8 * 10**8, 4e8),
    "large": Card("large", 2 * 10**9, 1e9),
}
LARGE = {
    "a": Card("a", 14 * 10**9, 7e9, kv_bytes_per_token=2**17),
    "b": Card("b", 26 * 10**9, 13e9, kv_bytes_per_token=2**17),
}
CPU = structs.replace(
    load("cpu"),
    cores=8,
    efficiency=Efficiency(prefill=0.3, decode=0.1, bandwidth=0.4),
    overheads=Overheads(first_token=0.01, token=0.002, load=0.4, unload=0.03),
)
GPU = structs.replace(
    load("h200"),
    efficiency=Efficiency(prefill=0.4, decode=0.3, bandwidth=0.6, link=0.7),
    overheads=Overheads(first_token=0.012, token=0.0012, load=0.25, unload=0.05),
)


def wrong(truth: Profile) -> Profile:
    """Twice or half of everything that is fitted."""
    was, took = truth.efficiency, truth.overheads
    return structs.replace(
        truth,
        efficiency=Efficiency(
            prefill=was.prefill * 2,
            decode=was.decode / 2,
            bandwidth=was.bandwidth / 2,
            link=was.link / 2,
        ),
        overheads=Overheads(
            first_token=took.first_token * 2,
            token=took.token / 2,
            load=took.load * 2,
            unload=took.unload / 2,
        ),
    )


def seen_of(
    truth: Profile, cards: Mapping[str, Card], batches: tuple[int, ...] = (1, 2, 4, 16, 512)
) -> Seen:
    """What the roofline itself says, of many lengths."""
    seen = Seen()
    for name, card in cards.items():
        for tokens in (1, 8, 100, 500, 1000, 2000, 4000):
            seen.prompts.add(PromptSeen(name, tokens, prefill_s(truth, card, tokens)))
        for batch in batches:
            for context in (100.0, 500.0, 900.0):
                seconds = 20 * step_s(truth, card, batch, context)
                seen.answers.add(AnswerSeen(name, 20, context, seconds, batch))
        for _ in range(3):
            seen.loads.add(LoadSeen(name, load_s(truth, card.weight_bytes), is_again=True))
            seen.unloads.add(truth.overheads.unload)
    disk = truth.tiers.disk
    assert disk is not None
    for size in (10**9, 2 * 10**9, 3 * 10**9):
        seen.reads.add(ReadSeen(size, size / disk.bandwidth))
    return seen


@pytest.mark.parametrize(("truth", "cards"), [(GPU, LARGE), (CPU, SMALL)], ids=["gpu", "cpu"])
def test_what_is_true_is_found_from_a_start_that_is_twice_off(
    truth: Profile, cards: Mapping[str, Card]
) -> None:
    seen = seen_of(truth, cards)
    found = fitted(wrong(truth), cards, seen)
    wanted = truth.figures()
    for path, value in found.profile.figures().items():
        if path != "efficiency.link" or truth.links:
            assert value == pytest.approx(wanted[path], rel=0.01), path
    assert "efficiency.prefill" in found.found
    assert found.notes == ()
    off = deviations(found.profile, cards, seen)
    assert max(abs(part) for parts in off.values() for part in parts) < 0.01


def test_a_slow_disk_is_found() -> None:
    disk = CPU.tiers.disk
    assert disk is not None
    slow = structs.replace(disk, bandwidth=1e9)
    truth = structs.replace(CPU, tiers=structs.replace(CPU.tiers, disk=slow))
    found = fitted(CPU, SMALL, seen_of(truth, SMALL)).profile.tiers.disk
    assert found is not None
    assert found.bandwidth == pytest.approx(1e9)


@pytest.mark.parametrize(
    ("truth", "cards", "room", "most_off"),
    [(CPU, SMALL, 1, 0.05), (GPU, LARGE, 1, 0.06), (CPU, SMALL, 2, 0.05)],
    ids=["cpu", "gpu", "cpu, two beside each other"],
)
def test_a_journal_of_the_simulator_gives_back_the_machine_it_had(
    truth: Profile, cards: Mapping[str, Card], room: int, most_off: float
) -> None:
    """But for prompts, which the simulator has on a straight line: above the roofline, by what
    reading the weights once takes at most.
    """
    observer = Observer(shares_cores=bool(truth.cores))
    for entry in journal(truth, cards, asked(tuple(cards), 300, 1.0), room=room):
        observer.take(entry)
    start, seen = wrong(truth), observer.seen
    found = fitted(start, cards, seen)
    wanted, figures = truth.figures(), found.profile.figures()
    for path in found.found:
        if path not in ("overheads.first_token", "efficiency.prefill"):
            assert figures[path] == pytest.approx(wanted[path], rel=0.02), path
    assert figures["efficiency.prefill"] == pytest.approx(truth.efficiency.prefill, rel=0.12)
    before, after = deviations(start, cards, seen), deviations(found.profile, cards, seen)
    told = {kind: parts for kind, parts in after.items() if len(parts) >= 10}
    assert {"prompts", "prompts beside others", "tokens beside others"} <= set(told)
    for kind, parts in told.items():
        assert median(map(abs, parts)) <= most_off, kind
        assert median(map(abs, before[kind])) > 0.1, kind


def test_of_nothing_nothing_is_said_and_each_figure_has_its_reason() -> None:
    seen = Seen()
    seen.prompts_beside.add(PromptSeen("a", 9, 1.0, beside=2.0))
    found = fitted(GPU, LARGE, seen)
    assert found.profile == GPU
    assert found.found == {}
    assert set(found.lacking) == {
        "efficiency.bandwidth",
        "efficiency.decode",
        "efficiency.prefill",
        "efficiency.link",
        "overheads.first_token",
        "overheads.token",
        "overheads.load",
        "overheads.unload",
        "tiers.disk.bandwidth",
    }
    assert "0 alone, and 1 beside others" in found.lacking["efficiency.prefill"]


def test_where_more_was_reached_than_there_is_there_is_as_much() -> None:
    tiers = structs.replace(
        GPU.tiers, hot=structs.replace(GPU.tiers.hot, bandwidth=1e12), host=GPU.tiers.host
    )
    assert GPU.links is not None
    links = structs.replace(GPU.links, bandwidth=1e10)
    small = structs.replace(GPU, tiers=tiers, links=links, compute=1e13)
    found = fitted(small, LARGE, seen_of(GPU, LARGE))
    profile = found.profile
    reached = GPU.compute * GPU.efficiency.prefill
    assert profile.compute == pytest.approx(reached, rel=0.01)
    assert profile.efficiency.prefill == 1.0
    assert profile.efficiency.decode == pytest.approx(0.3 / 0.4, rel=0.01)
    assert profile.tiers.hot.bandwidth * profile.efficiency.bandwidth == pytest.approx(
        GPU.tiers.hot.bandwidth * 0.6, rel=0.01
    )
    assert "raised to what was reached" in found.lacking["compute"]
    assert {"tiers.hot.bandwidth", "links.bandwidth"} <= set(found.lacking)


def test_figures_say_where_they_are_from_and_the_document_is_valid() -> None:
    found = fitted(wrong(CPU), SMALL, seen_of(CPU, SMALL))
    profile = decode(as_yaml(found.profile), "x.yaml")
    assert profile == found.profile
    assert profile.sources["efficiency.prefill"].startswith("fitted to 14 observations")
    assert profile.uncertainty["efficiency.prefill"] < 0.01


def test_without_a_disk_tier_reads_say_nothing_and_that_is_told() -> None:
    bare = structs.replace(CPU, tiers=structs.replace(CPU.tiers, disk=None))
    found = fitted(bare, SMALL, seen_of(CPU, SMALL))
    assert found.profile.tiers.disk is None
    assert any("has no `tiers.disk`" in note for note in found.notes)


def test_first_prompts_and_experts_without_a_card_are_left_out() -> None:
    seen = seen_of(CPU, SMALL)
    for tokens in (10, 100, 1000):
        seen.prompts.add(PromptSeen("small", tokens, 50.0, is_first=True))
        seen.prompts.add(PromptSeen("nobody", tokens, 50.0))
    found = fitted(wrong(CPU), SMALL, seen)
    assert found.found["efficiency.prefill"].count == 14


def test_loads_that_may_be_from_disk_count_where_there_are_no_others() -> None:
    seen = Seen()
    for name in ("small", "large", "small"):
        seen.loads.add(LoadSeen(name, 1.5))
    found = fitted(CPU, SMALL, seen)
    assert found.profile.overheads.load == 1.5
    assert "may have come from disk" in found.notes[0]
    for _ in range(3):
        seen.loads.add(LoadSeen("small", 0.5, is_again=True))
    assert fitted(CPU, SMALL, seen).profile.overheads.load == 0.5


def test_on_a_cpu_loads_that_take_longer_with_their_bytes_do_so_over_a_link() -> None:
    seen = Seen()
    for name in ("small", "large") * 5:
        seconds = 0.1 + SMALL[name].weight_bytes / 1e9
        seen.loads.add(LoadSeen(name, seconds, is_again=True))
    found = fitted(CPU, SMALL, seen)
    assert found.profile.links == Links(count=1, bandwidth=1e9)
    assert found.profile.overheads.load == pytest.approx(0.1)
    assert "as if they were copied" in found.notes[0]
    assert decode(as_yaml(found.profile), "x.yaml") == found.profile
    off = deviations(found.profile, SMALL, seen)["loads"]
    assert max(map(abs, off)) < 0.01
    assert set(found.profile.unsourced()) == set(CPU.unsourced())


def test_an_overhead_that_is_more_than_was_seen_is_none() -> None:
    start = structs.replace(CPU, overheads=structs.replace(CPU.overheads, token=9.0))
    card = {"small": SMALL["small"]}
    found = fitted(start, card, seen_of(CPU, card, (1,)))
    assert found.profile.overheads.token == 0.0
    assert "taken to be nothing" in found.lacking["overheads.token"]
