"""What prompts say is believed where that helped, and nowhere else."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import sparse

from coterie.router.embedders import Embedder
from coterie.router.fit import fit
from coterie.router.folds import FOLDS
from coterie.router.matrices import Matrices
from coterie.router.ratings import Ratings
from coterie.router.trust import believed, measured_trust
from tests.router.synthetic import NAN, Scores, chatter, chosen, of

Rated = Callable[..., Ratings]

CENTRE = np.array([0.6, 0.5])


def trusted(scores: Scores, over: Scores) -> float:
    return believed(scores, CENTRE, over)


# Whether it gained.


def test_what_gains_is_believed() -> None:
    over = np.tile([[0.0, 0.2], [0.0, 0.0]], (50, 1))
    scores = np.tile([[0.0, 1.0], [1.0, 0.0]], (50, 1))
    assert trusted(scores, over) == 1.0


def test_what_loses_or_changes_nothing_is_not_believed() -> None:
    scores = np.tile([[1.0, 0.0]], (100, 1))
    assert trusted(scores, np.tile([[0.0, 0.2]], (100, 1))) == 0.0
    assert trusted(scores, np.zeros((100, 2))) == 0.0


def test_a_gain_within_two_standard_errors_is_chance() -> None:
    """Of 100 prompts that change hands, so many were won and the rest lost."""
    over = np.tile([[0.0, 0.2]], (100, 1))
    for won, share in ((55, 0.0), (59, 0.0), (61, 1.0)):
        scores = np.array([[0.0, 1.0]] * won + [[1.0, 0.0]] * (100 - won))
        assert trusted(scores, over) == share


def test_half_is_believed_where_the_whole_goes_too_far() -> None:
    over = np.tile([[0.0, 0.3], [0.0, 0.15]], (50, 1))  # the second changes hands at the whole
    scores = np.tile([[0.4, 0.9], [1.0, 0.0]], (50, 1))
    assert trusted(scores, over) == 0.5


def test_prompts_on_which_either_was_not_measured_do_not_count() -> None:
    over = np.tile([[0.0, 0.2]], (100, 1))
    scores = np.array([[0.0, NAN], [NAN, 1.0]] * 40 + [[1.0, 0.0]] * 20)
    assert trusted(scores, over) == 0.0
    assert trusted(np.full((100, 2), NAN), over) == 0.0


def told(scores: Scores) -> tuple[float, list[tuple[str, int, int]]]:
    """The trust in two categories that everybody can tell, and what was said of the way there."""
    n = len(scores)
    labels = np.arange(n) % 2
    steps: list[tuple[str, int, int]] = []
    nothing = np.zeros((n, 1), dtype=np.float32)
    prompts = Matrices(sparse.csr_matrix((n, 0), dtype=np.float32), nothing, nothing)
    likely = np.eye(2, dtype=np.float32)[labels]
    found = measured_trust(scores, likely, prompts, labels, lambda *one: steps.append(one))
    return found, steps


def test_categories_with_experts_of_their_own_are_believed() -> None:
    apart = np.tile(np.array([[1, 0.2], [0.2, 0.9]], dtype=np.float32), (30, 1))
    found, steps = told(apart)
    assert found == 1.0
    assert steps == [("folds", i + 1, FOLDS) for i in range(FOLDS)]


def test_categories_with_one_best_expert_are_not() -> None:
    alike = np.tile(np.array([[1, 0.2], [0.9, 0.1]], dtype=np.float32), (30, 1))
    assert told(alike)[0] == 0.0


@pytest.mark.parametrize("m", [0, 1])
def test_with_nobody_to_choose_from_there_is_nothing_to_believe(m: int) -> None:
    assert told(np.ones((60, m), dtype=np.float32)) == (0.0, [])


# Of whole routers.


@pytest.mark.parametrize("seed", [0, 4, 16, 17])  # chance looks like knowledge in some of these
@pytest.mark.parametrize("labelled", [False, True])
def test_where_prompts_say_nothing_the_best_single_expert_is_chosen(
    seed: int, labelled: bool, static: Embedder
) -> None:
    worth = np.array([0.60, 0.57, 0.57, 0.55])
    draw = np.random.default_rng(seed)
    labels = draw.choice(["x", "y", "z"], 300) if labelled else None
    learned = fit(of(chatter(300, seed), draw.random((300, 4)) < worth, labels), static)
    if learned.trust:
        taken = worth[chosen(learned, chatter(300, seed + 100))].mean()
        assert taken > worth[learned.means.argmax()] - 0.002


def test_an_expert_that_is_always_best_is_always_chosen(rated: Rated, static: Embedder) -> None:
    ratings = rated(120)
    scores = ratings.scores[:, :3] * 0.4 + 0.1
    scores = np.hstack([scores, np.full((120, 1), 0.9, dtype=np.float32)])
    learned = fit(of(ratings.prompts, scores, ratings.categories), static)
    assert set(chosen(learned, [*rated(60, seed=1).prompts, "", "unlike them"])) == {3}


def test_scores_that_never_differ_say_nothing(rated: Rated, static: Embedder) -> None:
    ratings = rated(100)
    learned = fit(of(ratings.prompts, np.full((100, 3), 0.5), ratings.categories), static)
    assert learned.trust == 0
    assert list(learned.predict("a python loop").scores.values()) == pytest.approx([0.5] * 3)


def test_one_expert_is_chosen_by_its_mean(rated: Rated, words: Embedder) -> None:
    ratings = rated(100).only(["cook"])
    learned = fit(ratings, words)
    assert learned.trust == 0
    scores = learned.predict("a garlic soup").scores
    assert scores == pytest.approx({"cook": float(ratings.scores.mean())}, abs=1e-6)
