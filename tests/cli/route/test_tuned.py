"""The dial and the threshold, on answers that are made up."""

import numpy as np
import pytest

from coterie.cli.route.tuned import FEW, Question, tuned
from coterie.router.dial import Weighed

DRAW = np.random.default_rng(0)
COUNT = 400
# Half of the prompts are as well answered by the cheap expert, and the router knows which.
EASY = np.arange(COUNT) % 2 == 0
SCORES = np.where(EASY[:, None], [0.8, 0.8], [0.2, 0.8]).astype(np.float32)
SURE = np.where(DRAW.random(COUNT) < 0.05, 0.2, 0.9)


def question(*, seconds: tuple[float, float] = (0.0, 0.0), known: bool = True) -> Question:
    expected = SCORES.astype(np.float64) if known else np.tile([0.5, 0.8], (COUNT, 1))
    nothing = np.zeros(COUNT, dtype=np.bool_)
    cost, times = np.array([0.1, 1.0]), np.array(seconds)
    weighed = Weighed(("cheap", "dear"), expected, cost, times, SURE, nothing, 1)
    return Question(weighed, SCORES, 1, 10.0)


def test_the_cheapest_setting_that_keeps_the_quality() -> None:
    found = tuned(question(), 21)
    assert [found.settings[i].economy for i in (0, 1, 20)] == [0.0, 0.0025, 1.0]
    kept = found.keeps["100 %"]
    assert kept is not None
    assert kept.quality == pytest.approx(0.8)
    assert kept.of_best == pytest.approx(1.0)
    assert kept.cost == pytest.approx(0.55)
    assert kept.goes_to == {"cheap": 0.5, "dear": 0.5}
    assert found.keeps["99 %"] == kept
    assert (found.best, found.generalist, found.prompts) == ("dear", "dear", COUNT)
    assert found.settings[-1].cost == pytest.approx(0.1)
    assert found.points[0].quality == pytest.approx(0.8)
    assert [one.cost for one in found.alone] == [0.1, 1.0]


def test_the_threshold_is_the_highest_that_costs_next_to_nothing() -> None:
    found = tuned(question(), 21)
    suggested = found.suggested
    assert suggested.economy == found.keeps["100 %"].economy  # type: ignore[union-attr]
    assert suggested.unsure <= FEW
    best = max(one.worth for one in found.thresholds)
    assert suggested.worth >= best - 0.001
    later = [one for one in found.thresholds if one.confidence > suggested.confidence]
    assert all(one.worth < best - 0.001 or one.unsure > FEW for one in later)


def test_where_nothing_keeps_the_quality_nothing_is_pretended() -> None:
    asked = question()
    wrong = asked._replace(weighed=asked.weighed._replace(expected=1 - asked.weighed.expected))
    found = tuned(wrong, 2)
    assert found.keeps == {"100 %": None, "99 %": None}
    assert found.suggested.economy == 0.0


def test_time_counts_as_cost_does() -> None:
    found = tuned(question(seconds=(1.0, 10.0), known=False), 21)
    quick = next(one for one in found.settings if one.goes_to["cheap"] == 1.0)
    slow = tuned(question(known=False), 21)
    assert quick.economy < next(one for one in slow.settings if one.goes_to["cheap"] == 1).economy
    assert found.settings[0].seconds == 10.0
    assert quick.seconds == 1.0


def test_single_experts_on_their_hull() -> None:
    found = tuned(question(), 5)
    assert [(one.expert, one.on_hull) for one in found.single] == [("cheap", True), ("dear", True)]
    worth = found.suggested.cost
    assert found.in_turns == pytest.approx(0.5 + 0.3 * (worth - 0.1) / 0.9)
