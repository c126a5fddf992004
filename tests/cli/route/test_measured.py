"""Figures of a router, on ratings that it was not fitted to."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from coterie.cli.route.asking import Answers, Asked, answers, opened
from coterie.cli.route.measured import Measured, measured, shares
from coterie.router.evaluate import auroc

COSTS = {"coder": 4.0, "writer": 5.0, "giant": 20.0}


def nothing(stage: str, done: int, total: int) -> None: ...


@pytest.fixture(scope="module")
def asked(fitted: Path) -> Asked:
    console = Console(file=io.StringIO())
    return opened(fitted / "my.router", [fitted / "held.jsonl"], (), console)


@pytest.fixture(scope="module")
def said(asked: Asked) -> Answers:
    return answers(asked, nothing)


@pytest.fixture(scope="module")
def found(asked: Asked, said: Answers) -> Measured:
    return measured("my.router", asked, said, COSTS, 10, nothing)


def test_categories_quality_and_gap(found: Measured, asked: Asked, said: Answers) -> None:
    assert (found.router, found.prompts) == ("my.router", 120)
    assert found.digest == asked.learned.digest
    known, how = found.categories, found.quality
    assert known is not None
    assert how is not None
    right = np.mean([a == b for a, b in zip(said.taken, asked.ratings.categories, strict=True)])
    assert known.accuracy == pytest.approx(right)
    assert known.accuracy > 0.95
    assert (known.prompts, known.others, known.out_of_scope) == (120, 0, None)
    assert sum(map(sum, known.confusion)) == 120
    assert (how.prompts, how.best_expert) == (120, "giant")
    assert how.random < how.best < how.quality <= how.oracle
    assert found.gap_closed is not None
    assert found.gap_closed[0] == pytest.approx(how.gap)


def test_kinds_are_parts_of_the_whole(found: Measured) -> None:
    assert [(one.category, one.prompts) for one in found.kinds] == [
        ("code", 40),
        ("maths", 40),
        ("prose", 40),
    ]
    assert found.quality is not None
    assert np.mean([one.quality for one in found.kinds]) == pytest.approx(found.quality.quality)
    assert np.mean([one.best for one in found.kinds]) == pytest.approx(found.quality.best)
    assert sum(found.goes_to.values()) == pytest.approx(1.0)


def test_the_frontier_goes_from_the_cheapest_to_the_best(found: Measured) -> None:
    frontier = found.frontier
    assert frontier is not None
    assert frontier.area > frontier.single_area
    assert frontier.points[0].cost == frontier.cost
    assert frontier.points[-1].cost == pytest.approx(0.2)
    assert [one.cost for one in frontier.single] == pytest.approx([0.2, 0.25, 1.0])


def test_paraphrases_go_to_the_same_expert(found: Measured) -> None:
    assert list(found.paraphrases) == ["case", "white space", "politeness", "typing errors"]
    assert found.paraphrases["case"] == found.paraphrases["white space"] == 1.0


def test_what_is_not_known_is_none(asked: Asked, said: Answers) -> None:
    bare = asked._replace(ratings=replace(asked.ratings, categories=("",) * 120))
    found = measured("x", bare, said, None, 0, nothing)
    assert found.categories is None
    assert (found.kinds, found.frontier, found.paraphrases) == ([], None, {})
    equal = measured("x", bare, said, dict.fromkeys(COSTS, 1.0), 0, nothing)
    assert equal.frontier is None


def test_without_scores_categories_are_compared(asked: Asked, said: Answers) -> None:
    none = asked._replace(ratings=asked.ratings.only(()), best=-1)
    told: list[tuple[str, int, int]] = []
    found = measured("x", none, said, None, 3, lambda *step: told.append(step))
    assert found.quality is None
    assert found.categories is not None
    assert found.goes_to == {}
    assert found.kinds[0].quality is None
    assert told == [("paraphrases", 1, 3), ("paraphrases", 2, 3), ("paraphrases", 3, 3)]


def test_categories_that_the_router_does_not_know_are_counted_apart(
    asked: Asked, said: Answers
) -> None:
    others = tuple("law" if one == "prose" else one for one in asked.ratings.categories)
    strange = asked._replace(ratings=replace(asked.ratings, categories=others))
    found = measured("x", strange, said, None, 0, nothing)
    assert found.categories is not None
    assert (found.categories.prompts, found.categories.others) == (80, 40)
    assert {one.category: one.accuracy is None for one in found.kinds} == {
        "code": False,
        "law": True,
        "maths": False,
    }


def test_prompts_of_which_too_little_was_measured_do_not_count(asked: Asked, said: Answers) -> None:
    scores = asked.ratings.scores.copy()
    scores[:, asked.best] = np.nan
    blank = asked._replace(ratings=replace(asked.ratings, scores=scores))
    found = measured("x", blank, said, COSTS, 0, nothing)
    assert (found.quality, found.gap_closed, found.frontier) == (None, None, None)
    assert found.kinds[0].best is None


def test_out_of_scope_is_told_by_confidence(asked: Asked, said: Answers) -> None:
    scope: Callable[[Any], Any] = lambda one: one == "prose"  # noqa: E731
    learned, before = asked.learned, asked.learned.strange
    learned.strange = "prose"
    try:
        found = measured("x", asked, said, None, 0, nothing)
    finally:
        learned.strange = before
    outside = np.array([scope(one) for one in asked.ratings.categories])
    confidence = said.confidence.astype(np.float32)
    assert found.categories is not None
    assert found.categories.out_of_scope == auroc(confidence[~outside], confidence[outside])


def test_shares_are_in_order() -> None:
    who = np.array([1, 1, 0, 1])
    assert list(shares(("a", "b", "c"), who).items()) == [("b", 0.75), ("a", 0.25), ("c", 0.0)]
    assert shares(("a",), np.zeros(0, dtype=np.int64)) == {"a": 0.0}
