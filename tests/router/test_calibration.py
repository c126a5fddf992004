"""Likelihoods and confidences as often right as they say."""

from math import exp

import numpy as np
import pytest

from coterie.router.calibration import familiar_nearness, platt_scaling, temperature_scaling
from coterie.router.embedders import Floats, Integers
from coterie.router.learned import logit, softmax

DRAW = np.random.default_rng(0)
N = 2000
TRUE = DRAW.normal(scale=2, size=(N, 3)).astype(np.float32)  # logarithms of odds, as they are
LABELS = np.array([DRAW.choice(3, p=row / row.sum()) for row in softmax(TRUE).astype(float)])
NOBODY = np.zeros((N, 3), dtype=np.float32)  # no neighbour votes


def platt(likely: Floats, labels: Integers, nearness: float = 1.0, familiar: float = 0.0, *,
          strange: str = "") -> tuple[float, float]:  # fmt: skip
    near = np.full(len(labels), nearness, dtype=np.float32)
    return platt_scaling(
        likely, near, familiar, labels, ("a", "b", "c")[: likely.shape[1]], strange
    )


@pytest.mark.parametrize("times", [0.5, 1.0, 3.0])
def test_odds_that_are_so_many_times_too_sure_are_cooled_by_as_much(times: float) -> None:
    found = temperature_scaling(TRUE * np.float32(times), NOBODY, LABELS)
    assert found == pytest.approx(times, rel=0.1)


def test_without_categories_or_labels_odds_are_left_as_they_are() -> None:
    assert temperature_scaling(TRUE[:, :1], NOBODY[:, :1], np.zeros(N, dtype=int)) == 1.0
    assert temperature_scaling(TRUE, NOBODY, np.full(N, -1)) == 1.0
    assert temperature_scaling(TRUE[:, :0], NOBODY[:, :0], np.full(N, -1)) == 1.0


def test_labels_that_are_not_known_do_not_count() -> None:
    found = temperature_scaling(TRUE[:500], NOBODY[:500], LABELS[:500])
    partly = np.where(np.arange(N) < 500, LABELS, -1)
    assert temperature_scaling(TRUE, NOBODY, partly) == found


def test_all_but_a_tenth_in_scope_are_familiar() -> None:
    nearness = np.linspace(0, 1, 101, dtype=np.float32)
    labels = ["in"] * 101
    assert familiar_nearness(nearness, labels, "") == pytest.approx(0.1)
    far = [*labels, "out", ""]
    assert familiar_nearness(np.append(nearness, [0, 0]), far, "out") == pytest.approx(0.1)


def test_where_nothing_is_in_scope_everything_is_familiar() -> None:
    assert familiar_nearness(np.ones(2, dtype=np.float32), ["out", ""], "out") == 0.0
    assert familiar_nearness(np.full(2, -0.5, dtype=np.float32), ["in", "in"], "") == 0.0


def test_confidences_that_are_true_stay_as_they_are() -> None:
    slope, shift = platt(softmax(TRUE), LABELS)
    assert slope == pytest.approx(1.0, abs=0.15)
    assert shift == pytest.approx(0.0, abs=0.15)


def test_confidences_that_are_too_sure_come_down_to_what_was_right() -> None:
    likely = np.tile(np.array([0.9, 0.1], dtype=np.float32), (100, 1))
    slope, shift = platt(likely, np.array([0] * 60 + [1] * 40))
    assert 1 / (1 + exp(-(slope * logit(0.9) + shift))) == pytest.approx(0.6, abs=0.01)


def test_confidence_never_falls_where_the_category_is_likelier() -> None:
    likely = np.array([[0.9, 0.1]] * 50 + [[0.6, 0.4]] * 50, dtype=np.float32)
    perverse = np.array(([0] * 25 + [1] * 25) + [0] * 45 + [1] * 5)
    assert platt(likely, perverse)[0] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("labels", "strange"),
    [(np.zeros(4, dtype=int), ""), (np.ones(4, dtype=int), ""), (np.full(4, -1), "")],
)
def test_where_all_were_right_or_none_nothing_is_to_be_mended(
    labels: Integers, strange: str
) -> None:
    likely = np.tile(np.array([0.9, 0.1], dtype=np.float32), (4, 1))
    assert platt(likely, labels, strange=strange) == (1.0, 0.0)


def test_one_category_in_scope_says_nothing_of_confidence() -> None:
    likely = np.tile(np.array([0.9, 0.1], dtype=np.float32), (4, 1))
    assert platt(likely, np.array([0, 0, 1, 1]), strange="b") == (1.0, 0.0)


def test_prompts_out_of_scope_are_wrong_whatever_is_likeliest_within() -> None:
    likely = np.tile(np.array([0.5, 0.1, 0.4], dtype=np.float32), (100, 1))
    slope, shift = platt(likely, np.array([0] * 30 + [2] * 70), strange="c")
    assert 1 / (1 + exp(-(slope * logit(0.5) + shift))) == pytest.approx(0.3, abs=0.01)
