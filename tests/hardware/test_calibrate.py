"""A machine whose true profile is known is observed; calibration finds that profile again."""

import random

import pytest
from msgspec import structs

from coterie.errors import ProfileInvalid
from coterie.hardware.calibrate import Observed, Step, calibrated, errors
from coterie.hardware.catalogue import load
from coterie.hardware.costs import load_s, prefill_s, step_s
from coterie.hardware.model import Card
from coterie.hardware.profile import Efficiency, Overheads, Profile

LLAMA = Card("llama", 14 * 10**9, 7e9, kv_bytes_per_token=2**19)
TRUTH = structs.replace(
    load("dgx-h100"),
    efficiency=Efficiency(prefill=0.42, decode=0.3, bandwidth=0.61, link=0.8),
    overheads=Overheads(first_token=0.02, token=0.001, load=0.4),
)
IDEAL = structs.replace(TRUTH, efficiency=Efficiency(), overheads=Overheads(token=0.001))
CPU = structs.replace(
    load("cpu"),
    efficiency=Efficiency(prefill=0.3, decode=0.1, bandwidth=0.5),
    overheads=Overheads(load=0.2),
)


def observe(truth: Profile, noise: float = 0.0, repeats: int = 1) -> Observed:
    chance = random.Random(3)

    def seen(seconds: float) -> float:
        return seconds * chance.gauss(1.0, noise)

    return Observed(
        prompts=[
            (n, seen(prefill_s(truth, LLAMA, n)))
            for n in (500, 1000, 2000, 4000)
            for _ in range(repeats)
        ],
        steps=[
            Step(batch, 500, seen(step_s(truth, LLAMA, batch, 500)))
            for batch in (1, 2, 4, 512)
            for _ in range(repeats)
        ],
        loads=[
            (size, seen(load_s(truth, size)))
            for size in (10**9, 10**10, 10**11)
            for _ in range(repeats)
        ],
    )


def test_what_is_true_is_found_again() -> None:
    found = calibrated(IDEAL, LLAMA, observe(TRUTH))
    assert found.overheads.first_token == pytest.approx(0.02)
    assert found.overheads.load == pytest.approx(0.4)
    for name in ("prefill", "bandwidth", "link"):
        wanted = getattr(TRUTH.efficiency, name)
        assert getattr(found.efficiency, name) == pytest.approx(wanted, rel=1e-6), name
    off = errors(found, LLAMA, observe(TRUTH))
    assert max(abs(part) for parts in off.values() for part in parts) < 1e-6


def test_noise_is_told_as_uncertainty_and_the_truth_lies_within_it() -> None:
    found = calibrated(IDEAL, LLAMA, observe(TRUTH, noise=0.03, repeats=12))
    for path, part in found.uncertainty.items():
        truth, value = TRUTH.figures()[path], found.figures()[path]
        if path != "efficiency.decode":  # of which 512 answers tell nothing here: see below
            assert 0.0 < part < 0.1, path
            assert abs(value / truth - 1) < 4 * part, path


def test_where_answers_share_nothing_compute_is_what_bounds_them() -> None:
    steps = [Step(batch, 100, step_s(CPU, LLAMA, batch, 100)) for batch in (1, 2, 4, 8, 64)]
    ideal = structs.replace(CPU, efficiency=Efficiency(prefill=0.3))
    found = calibrated(ideal, LLAMA, Observed(steps=steps))
    assert found.efficiency.decode == pytest.approx(0.1, rel=1e-6)
    assert found.efficiency.bandwidth == pytest.approx(0.5, rel=1e-6)
    assert found.efficiency.prefill == 0.3


def test_what_was_not_observed_stays_as_it_was() -> None:
    assert calibrated(TRUTH, LLAMA, Observed()) == TRUTH
    found = calibrated(TRUTH, LLAMA, Observed(loads=[(10**9, 1.0)]))
    assert found.efficiency == TRUTH.efficiency
    assert found.overheads == structs.replace(TRUTH.overheads, load=1.0)
    alone = calibrated(TRUTH, LLAMA, Observed(steps=[Step(1, 100, 0.01)]))
    assert alone.efficiency.decode == TRUTH.efficiency.decode


def test_prompts_that_are_all_alike_are_overhead() -> None:
    found = calibrated(TRUTH, LLAMA, Observed(prompts=[(64, 0.1), (64, 0.1)]))
    assert found.overheads.first_token == pytest.approx(0.1)
    assert found.efficiency == TRUTH.efficiency


@pytest.mark.parametrize(
    ("observed", "figure"),
    [
        (Observed(prompts=[(10, 1e-6), (1000, 2e-6)]), "'compute'"),
        (Observed(steps=[Step(1, 10, 1e-3 + 1e-6)]), "'tiers.hot.bandwidth'"),
        (Observed(loads=[(10**9, 1e-6), (10**12, 2e-6)]), "'links.bandwidth'"),
    ],
)
def test_more_than_there_is_cannot_be_reached(observed: Observed, figure: str) -> None:
    with pytest.raises(ProfileInvalid, match="were observed: raise it") as error:
        calibrated(TRUTH, LLAMA, observed)
    assert figure in str(error.value)


def test_observations_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="expected more than 0 seconds"):
        calibrated(TRUTH, LLAMA, Observed(prompts=[(10, 0.0)]))
    with pytest.raises(ValueError, match="expected more than 0 seconds"):
        calibrated(TRUTH, LLAMA, Observed(steps=[Step(1, 10, 1e-4)]))  # less than its overhead
