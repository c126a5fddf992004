"""Quality against cost and time."""

import pytest

from coterie.router.utility import (
    Candidate,
    best,
    costs,
    qualities,
    seconds_of,
    utility,
)
from coterie.scheduler.status import Outlook, Where


def test_without_any_evidence_all_are_equal() -> None:
    assert qualities(("a", "b"), "a", {}, {}, {}) == {"a": 0.5, "b": 0.5}


def test_points_of_rules_are_added() -> None:
    assert qualities(("a", "b"), "a", {}, {}, {"b": 0.25}) == {"a": 0.5, "b": 0.75}


def test_a_categorys_own_expert_is_worth_more_than_the_generalist_and_he_more_than_others() -> None:
    found = qualities(("a", "b", "c"), "a", {}, {"b": 0.8, "c": 0.1}, {})
    assert found == pytest.approx({"b": 0.5 + 0.4, "a": 0.5 + 0.275, "c": 0.5 + 0.05})


def test_what_is_of_no_category_is_the_generalists() -> None:
    found = qualities(("a", "b"), "a", {}, {"b": 0.1}, {})
    assert found["a"] > found["b"] + 0.4


def test_who_was_never_rated_counts_as_the_least_of_those_who_were() -> None:
    found = qualities(("a", "b", "new"), "a", {"a": 0.6, "b": 0.4, "other": 0.1}, {}, {})
    assert found == {"a": 0.6, "b": 0.4, "new": 0.4}


def test_beside_learned_scores_examples_weigh_less() -> None:
    found = qualities(("a", "b"), "a", {"a": 0.6, "b": 0.5}, {"b": 1.0}, {})
    assert found == pytest.approx({"a": 0.7, "b": 0.7})


def test_costs_are_parts_of_the_dearest_as_said_by_all_or_else_by_bytes() -> None:
    sizes = {"a": 10, "b": 40, "c": 0}
    assert costs("ab", {"a": 3.0, "b": 2.0}, sizes) == {"a": 1.0, "b": 2 / 3}
    assert costs("ab", {"a": 3.0}, sizes) == {"a": 0.25, "b": 1.0}
    assert costs("bc", {}, sizes) == {"b": 1.0, "c": 0.0}
    assert costs("c", {}, {}) == {"c": 0.0}


def test_seconds_are_predicted_or_stood_in_for_by_where_the_expert_is() -> None:
    known = Outlook("a", "evicts", first_s=2.0, last_s=5.0)
    assert seconds_of(known, 10.0, streams=True) == 2.0
    assert seconds_of(known, 10.0, streams=False) == 5.0
    places: tuple[Where, ...] = ("resident", "room", "loading", "evicts")
    found = [
        seconds_of(Outlook("a", where, 1.0, known=False), 10.0, streams=True) for where in places
    ]
    assert found == pytest.approx([1.0, 3.0, 5.0, 11.0])


def test_utility_is_quality_less_what_it_costs() -> None:
    assert utility(0.9, 0.5, 5.0, 0.1, 10.0) == pytest.approx(0.8)
    assert utility(0.9, 0.5, 5.0, 0.0, 10.0) == 0.9
    assert utility(0.9, 0.5, 5.0, 0.1, 0.0) == pytest.approx(0.85)


def one(name: str, worth: float, *, resident: bool = False, excluded: str = "") -> Candidate:
    return Candidate(name, utility=worth, resident=resident, excluded=excluded)


@pytest.mark.parametrize(
    ("candidates", "wanted"),
    [
        ([one("a", 0.5), one("b", 0.6)], "b"),
        ([one("a", 0.59, resident=True), one("b", 0.6)], "a"),
        ([one("a", 0.5, resident=True), one("b", 0.6)], "b"),
        ([one("a", 0.59, resident=True), one("b", 0.6, resident=True)], "b"),
        ([one("b", 0.6), one("a", 0.6)], "a"),
        ([one("a", 0.9, excluded="no"), one("b", 0.1)], "b"),
    ],
)
def test_the_best_wins_and_among_equals_who_is_resident(
    candidates: list[Candidate], wanted: str
) -> None:
    found = best(candidates, 0.02)
    assert found is not None
    assert found.expert == wanted


def test_nobody_is_best_where_nobody_may() -> None:
    assert best([one("a", 1.0, excluded="no")], 0.1) is None
