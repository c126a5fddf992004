"""Bytes over bandwidth, operations over compute, overheads: by hand, and what always holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from coterie.errors import ProfileInvalid
from coterie.hardware.catalogue import load, names
from coterie.hardware.costs import (
    answer_s,
    batch_share,
    figures,
    link_rate,
    load_s,
    parts,
    prefill_s,
    step_s,
    throughput,
)
from coterie.hardware.model import Card
from coterie.hardware.profile import Efficiency, Links, Overheads, Profile, Tier, Tiers
from coterie.types import Part

PROFILE = Profile(
    name="p",
    tiers=Tiers(hot=Tier(1000, 100.0), host=Tier(1000, 50.0), disk=Tier(9000, 10.0)),
    links=Links(2, 10.0, 0.25),
    compute=1000.0,
    efficiency=Efficiency(prefill=0.5, decode=0.25, bandwidth=0.8, link=0.5),
    overheads=Overheads(first_token=0.1, token=0.01, load=1.0, unload=0.3),
)
CPU = structs.replace(PROFILE, cores=4, links=None)
CARD = Card("m", weight_bytes=400, parameters=10.0, kv_bytes_per_token=2)
LLAMA = Card("llama", 14 * 10**9, 7e9, kv_bytes_per_token=2**19)
MIXTURE = Card("mixture", 90 * 10**9, 45e9, 25 * 10**9, 12.5e9, 2**17)


def test_a_load_is_a_copy_over_all_links_after_what_is_read_from_disk() -> None:
    assert link_rate(PROFILE) == 10.0
    assert load_s(PROFILE, 400) == pytest.approx(0.25 + 400 / 10 + 1.0)
    assert load_s(PROFILE, 400, "disk") == pytest.approx(400 / 10 + 0.25 + 400 / 10 + 1.0)


def test_links_carry_no_more_than_host_memory_gives() -> None:
    wide = structs.replace(PROFILE, links=Links(100, 10.0))
    assert link_rate(wide) == 50.0


def test_on_a_cpu_nothing_is_copied() -> None:
    assert load_s(CPU, 400) == 1.0
    assert load_s(CPU, 400, "disk") == 41.0


def test_a_profile_without_a_disk_says_nothing_of_loads_from_it() -> None:
    with pytest.raises(ProfileInvalid, match=r"'sn40l-node8' has no disk.*tiers\.disk"):
        load_s(load("sn40l-node8"), 1, "disk")


def test_a_prompt_is_bound_by_reading_weights_and_then_by_compute() -> None:
    read = 400 / 80
    assert prefill_s(PROFILE, CARD, 1) == pytest.approx(read + 0.1)
    assert prefill_s(PROFILE, CARD, 125) == pytest.approx(read + 0.1)
    assert prefill_s(PROFILE, CARD, 500) == pytest.approx(2 * 10 * 500 / 500 + 0.1)


def test_a_step_is_bound_by_what_is_read_and_then_by_compute() -> None:
    assert step_s(PROFILE, CARD) == pytest.approx(400 / 80 + 0.01)
    assert step_s(PROFILE, CARD, 2, 50) == pytest.approx((400 + 2 * 50 * 2) / 80 + 0.01)
    assert step_s(PROFILE, CARD, 100) == pytest.approx(2 * 10 * 100 / 250 + 0.01)
    assert throughput(PROFILE, CARD, 100) == pytest.approx(100 / 8.01)


def test_an_answer_is_a_prompt_and_a_step_for_each_further_token() -> None:
    by_hand = prefill_s(PROFILE, CARD, 30) + sum(
        step_s(PROFILE, CARD, 1, 30 + done) for done in range(1, 20)
    )
    assert answer_s(PROFILE, CARD, 30, 20) == pytest.approx(by_hand)
    assert answer_s(PROFILE, CARD, 30, 1) == prefill_s(PROFILE, CARD, 30)


def test_answers_share_what_is_read_and_not_what_is_computed() -> None:
    assert batch_share(PROFILE, structs.replace(CARD, kv_bytes_per_token=0), 8) == 1.0
    assert batch_share(CPU, Card("m", 1, 1000.0), 8) == pytest.approx(0.01 / 8.01)
    assert 0.9 < batch_share(load("dgx-h100"), LLAMA, 8, 1000) < 1.0


def test_a_paper_s_latencies_come_out_of_its_profiles() -> None:
    """Figure 12 of arXiv 2405.07518: half of a prompt's latency where all fits, and the step."""
    for name, answer_ms, switch_ms in (
        ("sn40l-node8", 66.8, 14.0),
        ("dgx-h100-one-link", 97.75, 218.75),
        ("dgx-a100-one-link", 136.65, 437.5),
    ):
        profile = load(name)
        assert answer_s(profile, LLAMA, 256, 20) * 1000 == pytest.approx(answer_ms, rel=1e-3)
        assert load_s(profile, LLAMA.weight_bytes) * 1000 == pytest.approx(switch_ms, rel=1e-3)
    assert load_s(load("dgx-a100"), LLAMA.weight_bytes) == pytest.approx(0.0547, rel=1e-3)
    assert load_s(load("dgx-h100"), LLAMA.weight_bytes) == pytest.approx(0.0273, rel=2e-3)


def test_figures_of_an_accelerator_are_those_of_one_core() -> None:
    found = figures(PROFILE, CARD, context=1000, slots=4)
    assert found.parts == (Part("weights:m", 400), Part("cache:m", 8000))
    assert (found.load_bytes, found.load_work, found.load_wait_s) == (400, 0.0, 1.25)
    assert (found.threads, found.output_threads, found.unload_s) == (1.0, 1.0, 0.3)
    assert found.output_work(11) == pytest.approx(10 * step_s(PROFILE, CARD, 1, 500))
    assert found.prompt_work(1, is_first=True) == pytest.approx(prefill_s(PROFILE, CARD, 1))
    assert found.prompt_work(1000, is_first=True) == pytest.approx(prefill_s(PROFILE, CARD, 1000))
    middle = found.prompt_work(125, is_first=True)
    assert prefill_s(PROFILE, CARD, 125) < middle <= prefill_s(PROFILE, CARD, 125) + 400 / 80


def test_figures_of_a_cpu_are_core_seconds() -> None:
    found = figures(CPU, CARD, context=1000, slots=1)
    assert (found.load_work, found.load_wait_s, found.threads) == (1.0, 0.0, 4.0)
    work = found.prompt_work(1000, is_first=True)
    assert work / found.threads == pytest.approx(prefill_s(CPU, CARD, 1000))
    assert found.output_threads == 4 * 0.8  # more than half of the cores: the memory is busy
    assert found.output_work(2) / found.output_threads == pytest.approx(step_s(CPU, CARD, 1, 500))
    slower = structs.replace(CPU, cores=3, efficiency=Efficiency(bandwidth=0.1))
    assert figures(slower, CARD, context=1000, slots=1).output_threads == 2.0


def test_prompts_that_cost_nothing_more_still_have_a_pace() -> None:
    found = figures(PROFILE, CARD, context=2, slots=1)
    assert found.prompt_work(2, is_first=True) == pytest.approx(prefill_s(PROFILE, CARD, 2))


def test_a_replica_without_a_known_cache_is_its_weights() -> None:
    assert parts(Card("m", 5, 1), 100, 8) == (Part("weights:m", 5),)


CARDS = st.sampled_from((LLAMA, MIXTURE))


@given(
    name=st.sampled_from(names()),
    card=CARDS,
    batch=st.integers(1, 256),
    tokens=st.integers(1, 10_000),
    slots=st.integers(1, 64),
)
def test_more_never_costs_less(name: str, card: Card, batch: int, tokens: int, slots: int) -> None:
    profile = load(name)
    assert prefill_s(profile, card, tokens) <= prefill_s(profile, card, tokens + 1)
    assert step_s(profile, card, batch, tokens) <= step_s(profile, card, batch + 1, tokens)
    assert step_s(profile, card, batch, tokens) <= step_s(profile, card, batch, tokens + 1)
    assert throughput(profile, card, batch) <= batch * throughput(profile, card, 1) * (1 + 1e-9)
    found = figures(profile, card, context=tokens, slots=slots)
    assert 0.0 <= found.batch_share <= 1.0
    assert found.first_work >= 0.0
    assert found.prompt_pace > 0
    assert found.output_pace > 0
    alone = found.prompt_work(tokens, is_first=True) / found.threads
    assert alone >= prefill_s(profile, card, tokens) * (1 - 1e-9)
