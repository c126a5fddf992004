"""Samples of a machine whose profile is known give that profile again."""

import pytest
from msgspec import structs

from coterie.cli.profile.samples import Samples, observed, profile_of, rounded, spread
from coterie.errors import ProfileInvalid
from coterie.hardware.calibrate import Step
from coterie.hardware.costs import load_s, prefill_s, step_s
from coterie.hardware.document import as_yaml, decode
from coterie.hardware.model import Card
from coterie.hardware.probes import Machine

MACHINE = Machine("A Processor", 4, 10**10)
CARD = Card("small", 10**8, 1.35e8, kv_bytes_per_token=20_000)
SAMPLES = Samples(
    read_rates=[29e9, 30e9, 31e9],
    copy_rates=[15e9, 15e9, 15e9],
    disk_rates=[1e9, 2e9, 3e9],
    disk_bytes=10**12,
    loads=[0.25, 0.3, 0.35],
    unloads=[0.02, 0.02, 0.02],
    prompts={n: [(n, 0.01 + 0.002 * n), (n, 0.01 + 0.002 * n)] for n in (32, 128, 512)},
    steps={1: [0.008, 0.008], 2: [0.014, 0.014], 4: [0.028, 0.028]},
    context=24.0,
)


def test_medians_are_what_is_looked_at() -> None:
    found = observed(structs.replace(SAMPLES, prompts={8: [(8, 1.0), (9, 3.0), (9, 2.0)]}))
    assert found.prompts == [(9, 2.0)]
    assert found.steps[1] == Step(2, 24.0, 0.014)


def test_the_spread_is_half_of_that_between_quartiles() -> None:
    assert spread([1.0, 2.0, 3.0]) == pytest.approx(0.25)
    assert spread([5.0, 5.0]) == 0.0
    assert spread([5.0]) == 0.0
    assert spread([]) == 0.0


def test_the_profile_says_what_was_measured() -> None:
    found = profile_of("mine", MACHINE, "small", CARD, SAMPLES)
    assert (found.name, found.cores, found.links) == ("mine", 4, None)
    assert found.tiers.hot.bandwidth == 30e9
    assert found.tiers.host.bandwidth == 15e9
    assert found.tiers.disk is not None
    assert found.tiers.disk.bandwidth == 2e9
    assert found.compute == pytest.approx(2 * 1.35e8 / 0.002)
    assert found.overheads.first_token == pytest.approx(0.01)
    assert (found.overheads.load, found.overheads.unload) == (0.3, 0.02)
    assert found.uncertainty["tiers.disk.bandwidth"] == 0.25
    assert found.uncertainty["compute"] == pytest.approx(0.0, abs=1e-6)
    assert found.uncertainty["overheads.load"] == pytest.approx(0.083)
    assert "overheads.token" not in found.uncertainty


def test_the_cost_model_repeats_what_was_measured() -> None:
    found = profile_of("mine", MACHINE, "small", CARD, SAMPLES)
    assert prefill_s(found, CARD, 512) == pytest.approx(0.01 + 0.002 * 512, rel=1e-3)
    assert step_s(found, CARD, 1, 24) == pytest.approx(0.008, rel=1e-3)
    assert step_s(found, CARD, 4, 24) == pytest.approx(0.028, rel=1e-3)
    assert load_s(found, 10**8) == 0.3


def test_it_is_written_and_read_and_every_figure_has_a_source() -> None:
    for samples in (SAMPLES, structs.replace(SAMPLES, disk_rates=[])):
        found = profile_of("mine", MACHINE, "small", CARD, samples)
        assert decode(as_yaml(found), "mine.yaml") == found
        assert found.unsourced() == ()
        assert (found.tiers.disk is None) == (not samples.disk_rates)


def test_weights_in_caches_may_be_read_faster_than_memory() -> None:
    fast = structs.replace(SAMPLES, steps={1: [0.001], 2: [0.0015], 4: [0.002]})
    found = profile_of("mine", MACHINE, "small", CARD, fast)
    assert found.efficiency.bandwidth == pytest.approx(1.0, rel=1e-3)
    assert "from caches" in found.sources["tiers.hot.bandwidth"]
    assert step_s(found, CARD, 1, 24) == pytest.approx(0.001, rel=1e-3)
    assert found.efficiency.prefill < 1.0  # answers reach more than prompts here


def test_prompts_that_take_no_longer_tell_nothing() -> None:
    flat = structs.replace(SAMPLES, prompts={8: [(8, 0.1)], 32: [(32, 0.1)]})
    with pytest.raises(ProfileInvalid, match="longer prompts did not take longer"):
        profile_of("mine", MACHINE, "small", CARD, flat)


def test_four_digits_are_kept() -> None:
    assert rounded(123456.0) == 123500.0
    assert rounded(0.0) == 0.0
