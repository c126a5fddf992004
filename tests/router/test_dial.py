"""Many prompts decided at once are decided as one by one."""

from collections.abc import Mapping

import numpy as np
import pytest

from coterie.config import Composition
from coterie.config.route import Route
from coterie.router.decision import Decision
from coterie.router.dial import Weighed, chosen, reached, single, unsure, worth
from coterie.router.embedders import open_embedder
from coterie.router.evaluate import Point
from coterie.router.evidence import Evidence
from coterie.router.judge import Judge
from coterie.router.prompt import Prompt
from coterie.router.router import Request, Router
from coterie.router.utility import Candidate, best, costs, utility
from coterie.types import Device, Expert, Node

NAMES = ("dear", "cheap", "odd", "also")
SAID = {"dear": 8.0, "cheap": 1.0, "odd": 3.0, "also": 3.0}
DRAW = np.random.default_rng(0)
EXPECTED = DRAW.integers(0, 6, (300, 4)) / 5.0  # so few values that many tie
SURE = DRAW.random(300)
STRANGE = DRAW.random(300) < 0.1


def table(seconds: tuple[float, ...] = (0.0,) * 4) -> Weighed:
    parts = costs(NAMES, SAID, {})
    cost = np.array([parts[name] for name in NAMES])
    return Weighed(NAMES, EXPECTED, cost, np.array(seconds), SURE, STRANGE, 2)


class Told:
    """A learned router that says row after row of the table."""

    experts = NAMES
    priors: Mapping[str, float] = dict.fromkeys(NAMES, 0.5)
    strange = "strange"
    embedder = open_embedder("words")

    def predict(self, text: str) -> Evidence:
        i = int(text)
        scores = {name: float(x) for name, x in zip(NAMES, EXPECTED[i], strict=True)}
        return Evidence("strange" if STRANGE[i] else "known", float(SURE[i]), scores)


def one_by_one(economy: float, confidence: float) -> list[str]:
    """Whom the router of a composition chooses."""
    route = Route(
        "auto",
        "odd",
        candidates=NAMES,
        economy=economy,
        confidence=confidence,
        stickiness=0,
        margin=0.0,
    )
    composition = Composition(
        nodes=(Node("n", (Device("ram", 100),)),),
        experts=tuple(Expert(name, engine="echo", cost=SAID[name]) for name in NAMES),
        routes=(route,),
    )
    router = Router(route, composition, Judge(None, Told()))

    def decided(i: int) -> Decision:
        return router.decide(Request(Prompt(text=str(i))), (), 0.0, looking=True)

    return [decided(i).expert for i in range(len(EXPECTED))]


@pytest.mark.parametrize("economy", [0.0, 0.1, 0.4, 1.0])
@pytest.mark.parametrize("confidence", [0.0, 0.5])
def test_a_router_decides_the_same(economy: float, confidence: float) -> None:
    found = [NAMES[j] for j in chosen(table(), economy, confidence)]
    assert found == one_by_one(economy, confidence)


@pytest.mark.parametrize("economy", [0.0, 0.2, 1.0])
def test_utilities_and_ties_are_those_of_the_rule(economy: float) -> None:
    weighed = table((0.5, 4.0, 0.5, 1.0))._replace(strange=np.zeros(300, dtype=np.bool_))
    for i, j in enumerate(chosen(weighed, economy, patience=5.0)):
        candidates = [
            Candidate(
                name,
                quality=float(EXPECTED[i, k]),
                seconds=float(weighed.seconds[k]),
                utility=utility(
                    float(EXPECTED[i, k]),
                    float(weighed.cost[k]),
                    float(weighed.seconds[k]),
                    economy,
                    5.0,
                ),
            )
            for k, name in enumerate(NAMES)
        ]
        first = best(candidates, 0.0)
        assert first is not None
        assert NAMES[j] == first.expert


def test_the_generalist_answers_what_is_strange_or_unsure() -> None:
    weighed = table()
    assert unsure(weighed, 0.0).tolist() == STRANGE.tolist()
    assert (chosen(weighed, 0.0, 1.1) == 2).all()


def test_what_answers_were_worth_is_by_the_scores_they_got() -> None:
    weighed = table((0.0, 2.0, 0.0, 0.0))
    scores = np.full((300, 4), 0.75, dtype=np.float32)
    found = worth(weighed, scores, np.ones(300, dtype=np.int64), 0.5, 4.0)
    assert found == pytest.approx(np.full(300, 0.75 - 0.5 * (1 / 8 + 2 / 4)))


def test_single_experts_reach_a_cost_by_taking_turns() -> None:
    scores = np.array([[0.2, 0.8], [0.4, 1.0]], dtype=np.float32)
    points = single(scores, np.array([0.5, 1.0]))
    assert [(one.setting, one.cost) for one in points] == [(0.0, 0.5), (1.0, 1.0)]
    assert reached(points, 0.75) == pytest.approx(0.6)
    assert reached(points, 2.0) == pytest.approx(0.9)
    assert reached([Point(0, 0.5, 0.3)], 0.4) == 0.0
