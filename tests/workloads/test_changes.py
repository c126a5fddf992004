from collections.abc import Callable

import pytest

from coterie.workloads.changes import (
    between,
    faster,
    given_out,
    longer,
    numbered,
    renamed,
    told,
    uniform,
)
from coterie.workloads.popularity import EVEN, Weighted
from coterie.workloads.requests import Arrival

ARRIVALS = [Arrival(float(i), "a", 10 * i, 4, session="x" if i % 2 else "") for i in range(6)]


def test_a_faster_workload_has_its_times_divided() -> None:
    assert [one.at_s for one in faster(ARRIVALS, 2)] == [0, 0.5, 1, 1.5, 2, 2.5]


def test_a_longer_workload_has_more_tokens_but_never_fewer_than_one() -> None:
    assert [one.prompt_tokens for one in longer(ARRIVALS, 0.04)] == [0, 1, 1, 1, 2, 2]
    assert {one.output_tokens for one in longer(ARRIVALS, 3)} == {12}


def test_a_slice_begins_at_zero_and_reads_no_further_than_its_end() -> None:
    left = iter(ARRIVALS)
    assert [(one.at_s, one.prompt_tokens) for one in between(left, 2, 4)] == [(0, 20), (1, 30)]
    assert next(left).at_s == 5


def test_models_are_renamed_to_experts() -> None:
    found = list(renamed([*ARRIVALS[:1], Arrival(1, "b", 1, 1)], {"a": "base"}))
    assert [one.expert for one in found] == ["base", "b"]


def test_experts_are_given_out_by_popularity_and_a_session_keeps_its_own() -> None:
    many = [Arrival(i, "", 1, 1, session=f"s{i // 10}" if i % 2 else "") for i in range(20_000)]
    found = list(given_out(many, ("a", "b"), Weighted((1, 3)), seed=2))
    assert sum(one.expert == "b" for one in found) / len(found) == pytest.approx(0.75, abs=0.015)
    experts: dict[str, dict[str, None]] = {}
    for one in found:
        if one.session:
            experts.setdefault(one.session, {})[one.expert] = None
    assert {len(asked) for asked in experts.values()} == {1}
    assert found == list(given_out(many, ("a", "b"), Weighted((1, 3)), seed=2))
    assert found != list(given_out(many, ("a", "b"), Weighted((1, 3)), seed=3))


def test_a_name_has_a_number_of_its_own() -> None:
    numbers = [uniform(f"s{i}", 0) for i in range(5000)]
    assert sum(numbers) / 5000 == pytest.approx(0.5, abs=0.02)
    assert 0 <= min(numbers) <= max(numbers) < 1
    assert uniform("s1", 0) != uniform("s1", 1)


def test_names_are_numbered_in_their_order() -> None:
    assert numbered(3) == ("expert-00", "expert-01", "expert-02")
    assert sorted(numbered(1200)) == list(numbered(1200))


def test_who_wants_to_know_is_told_now_and_then_and_at_the_end() -> None:
    heard: list[int] = []
    assert list(told(ARRIVALS, heard.append, every=4)) == ARRIVALS
    assert heard == [4, 6]


@pytest.mark.parametrize(
    "make",
    [
        lambda: faster(ARRIVALS, 0),
        lambda: faster(ARRIVALS, float("nan")),
        lambda: longer(ARRIVALS, -1),
        lambda: given_out(ARRIVALS, (), EVEN),
    ],
)
def test_what_makes_no_sense_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"give a number above 0|no experts"):
        make()
