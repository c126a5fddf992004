"""What a table says of scores, by hand; and how the pull is chosen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.errors import RatingsInvalid
from coterie.planner.evidence import PULLS, UNNAMED, dealt, fitting_pull, weigh

NAN = np.nan


def test_without_pull_a_table_is_of_means() -> None:
    scores = np.array([[1.0, 0.0], [0.0, 0.0], [1.0, 1.0]])
    table = weigh(scores, ["b", "b", "a"], 0.0)
    assert table.categories == ("a", "b")
    assert table.weights.tolist() == [1 / 3, 2 / 3]
    assert table.quality.tolist() == [[1.0, 1.0], [0.5, 0.0]]
    assert table.counts.tolist() == [[1, 1], [2, 2]]


def test_little_evidence_is_pulled_to_what_holds_of_the_expert_overall() -> None:
    # The first expert is better by 0.5 in all; the single prompt of `b` says the opposite.
    scores = np.array([[1.0, 0.0]] * 9 + [[0.0, 1.0]])
    labels = ["a"] * 9 + ["b"]
    raw, pulled = weigh(scores, labels, 0.0), weigh(scores, labels, 9.0)
    assert raw.quality[1].tolist() == [0.0, 1.0]
    # prior in b: its mean, 0.5, and how much better than others: (9 * 0.5 - 0.5) / 10
    assert pulled.quality[1] == pytest.approx([0.9 * 0.9, 0.1 + 0.9 * 0.1])
    assert pulled.quality[0].tolist() == pytest.approx([0.95, 0.05])


def test_with_all_prompts_answered_the_order_is_that_of_shrunk_means() -> None:
    random = np.random.default_rng(3)
    scores, labels = random.random((60, 4)), [f"kind {i % 5}" for i in range(60)]
    table = weigh(scores, labels, 20.0)
    for i, name in enumerate(table.categories):
        inside = scores[[label == name for label in labels]]
        shrunk = (inside.sum(axis=0) + 20.0 * scores.mean(axis=0)) / (len(inside) + 20.0)
        assert table.quality[i].argsort().tolist() == shrunk.argsort().tolist()


def test_what_was_not_measured_is_expected_as_elsewhere() -> None:
    table = weigh(np.array([[1.0, 0.0], [0.5, NAN], [NAN, NAN]]), ["a", "", ""], 0.0)
    assert table.categories == (UNNAMED, "a")
    assert table.counts.tolist() == [[1, 0], [1, 1]]
    assert table.quality.tolist() == [[0.5, 0.0], [1.0, 0.0]]
    assert table.weights.tolist() == [0.5, 0.5]  # the prompt without any score does not count


def test_without_any_score_there_is_nothing_to_say() -> None:
    with pytest.raises(RatingsInvalid, match="no prompt has a score"):
        weigh(np.array([[NAN]]), ["a"], 0.0)


def test_noise_is_pulled_harder_than_what_holds() -> None:
    random = np.random.default_rng(5)
    labels = [f"kind {i % 20}" for i in range(400)]
    noise = random.integers(0, 2, (400, 3)).astype(float)
    skill = random.random((20, 3))
    clear = (random.random((400, 3)) < np.round(skill[[i % 20 for i in range(400)]])).astype(float)
    assert fitting_pull(noise, labels) >= 100.0
    assert fitting_pull(clear, labels) == 0.0


def test_too_few_prompts_to_hold_any_out_are_pulled_hardest() -> None:
    assert fitting_pull(np.array([[1.0]]), ["a"]) == max(PULLS)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from(["a", "b", ""]), min_size=1, max_size=40))
def test_each_prompt_is_held_out_once_and_categories_evenly(labels: list[str]) -> None:
    scores = np.ones((len(labels), 1))
    folds = list(dealt(scores, labels, 3))
    held = sorted(i for _, rows in folds for i in rows.tolist())
    whole = sorted({*held} | {i for rows, _ in folds for i in rows.tolist()})
    assert held == whole
    for fitted, rows in folds:
        assert not set(fitted.tolist()) & set(rows.tolist())
        assert len(fitted) + len(rows) == len(labels)
        for name in set(labels):
            count = sum(labels[i] == name for i in rows)
            assert abs(count - labels.count(name) / 3) < 1


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c"]),
            st.lists(st.sampled_from([0.0, 0.5, 1.0, NAN]), min_size=2, max_size=2),
        ),
        min_size=1,
        max_size=20,
    ),
    st.sampled_from(PULLS),
)
def test_a_table_is_whole_and_from_0_to_1(rows: list[tuple[str, list[float]]], pull: float) -> None:
    scores = np.array([row for _, row in rows])
    if np.isnan(scores).all():
        return
    table = weigh(scores, [label for label, _ in rows], pull)
    assert ((table.quality >= 0) & (table.quality <= 1)).all()
    assert table.weights.sum() == pytest.approx(1.0)
