"""What a fitted router has learnt, whatever it was fitted to, and what cannot be fitted to."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from coterie.errors import RatingsInvalid
from coterie.router.artefact import read_router, write_router
from coterie.router.embedders import Embedder
from coterie.router.fit import fit
from coterie.router.learned import Learned
from coterie.router.ratings import Ratings
from tests.router.synthetic import NAN, chatter, chosen, mean, of

Rated = Callable[..., Ratings]


def usable(learned: Learned, *prompts: str) -> None:
    """It answers, whatever is asked, with numbers."""
    for text in (*prompts, "", "something else again", "\ud800"):
        found = learned.predict(text)
        assert tuple(found.scores) == learned.experts
        assert all(0 <= score <= 1 for score in found.scores.values())
        assert 0 <= found.confidence <= 1
        assert found.category in (learned.categories or ("",))


# What is learnt.


@pytest.fixture(scope="module")
def held(rated: Rated) -> Ratings:
    return rated(150, seed=1, other=30)


def test_categories_are_told_apart(fitted: Learned, held: Ratings) -> None:
    found = [fitted.predict(prompt).category for prompt in held.prompts]
    right = [a == b for a, b in zip(found, held.categories, strict=True)]
    assert np.mean(right) > 0.95
    assert fitted.categories == ("code", "cooking", "law", "other")
    assert fitted.strange == "other"


def test_the_expert_of_a_category_is_chosen(fitted: Learned, held: Ratings) -> None:
    inside = held.take(range(150))
    taken = chosen(fitted, inside.prompts)
    named = [inside.experts[one] for one in taken]
    right = {"code": "coder", "cooking": "cook", "law": "lawyer"}
    assert np.mean([right[a] == b for a, b in zip(inside.categories, named, strict=True)]) > 0.95
    best = int(fitted.means.argmax())
    assert mean(inside.scores, taken) > inside.scores[:, best].mean() + 0.15
    assert fitted.trust > 0


def test_scores_are_about_as_high_as_they_turn_out(fitted: Learned, held: Ratings) -> None:
    inside = held.take(range(150))
    expected = [max(fitted.predict(prompt).scores.values()) for prompt in inside.prompts]
    assert np.mean(expected) == pytest.approx(
        mean(inside.scores, chosen(fitted, inside.prompts)), abs=0.1
    )


def test_clear_prompts_are_surer_than_mixed_ones(fitted: Learned) -> None:
    clear = fitted.predict("explain python and compiler and recursion").confidence
    mixed = fitted.predict("explain python and garlic and landlord").confidence
    assert clear > mixed + 0.1


def test_prompts_out_of_scope_are_less_sure_than_those_within(
    fitted: Learned, held: Ratings
) -> None:
    sure = np.array([fitted.predict(prompt).confidence for prompt in held.prompts])
    strange = np.array([name == "other" for name in held.categories])
    above = (sure[~strange][:, None] > sure[strange][None, :]).mean()
    assert above > 0.95


def test_confidence_is_about_as_often_right(rated: Rated, static: Embedder) -> None:
    """A third of the labels are wrong, and nobody can know which."""
    draw = np.random.default_rng(0)

    def mislabelled(ratings: Ratings) -> Ratings:
        wrong = np.where(draw.random(len(ratings)) < 0.3, draw.integers(0, 3, len(ratings)), -1)
        names = ("code", "cooking", "law")
        labels = [
            names[one] if one >= 0 else name
            for one, name in zip(wrong, ratings.categories, strict=True)
        ]
        return of(ratings.prompts, categories=labels)

    learned = fit(mislabelled(rated(300)), static)
    others = mislabelled(rated(300, seed=1))
    found = [learned.predict(prompt) for prompt in others.prompts]
    right = np.mean([a.category == b for a, b in zip(found, others.categories, strict=True)])
    assert np.mean([one.confidence for one in found]) == pytest.approx(float(right), abs=0.07)


def test_experts_are_told_apart_without_categories(rated: Rated, static: Embedder) -> None:
    ratings, held = rated(300), rated(120, seed=1)
    learned = fit(of(ratings.prompts, ratings.scores), static)
    assert learned.categories == ()
    evidence = learned.predict(held.prompts[0])
    assert (evidence.category, evidence.confidence) == ("", 0.0)
    assert mean(held.scores, chosen(learned, held.prompts)) > held.scores[:, -1].mean() + 0.1
    usable(learned)


def test_scores_may_be_missing(rated: Rated, static: Embedder) -> None:
    ratings, held = rated(300), rated(120, seed=1)
    blank = np.random.default_rng(0).random(ratings.scores.shape) < 0.6
    ratings = of(ratings.prompts, np.where(blank, NAN, ratings.scores), ratings.categories)
    learned = fit(ratings, static)
    np.testing.assert_allclose(learned.means, np.nanmean(ratings.scores, axis=0), atol=1e-6)
    assert mean(held.scores, chosen(learned, held.prompts)) > held.scores[:, -1].mean() + 0.1


def test_labels_may_be_missing(rated: Rated, static: Embedder) -> None:
    ratings, held = rated(300), rated(90, seed=1)
    draw = np.random.default_rng(0).random(300) < 0.4
    labels = [name if keep else "" for name, keep in zip(ratings.categories, draw, strict=True)]
    learned = fit(of(ratings.prompts, ratings.scores, labels), static)
    assert learned.categories == ("code", "cooking", "law")
    found = [learned.predict(prompt).category for prompt in held.prompts]
    assert np.mean([a == b for a, b in zip(found, held.categories, strict=True)]) > 0.9


def test_two_categories_are_told_apart_whichever_comes_first(
    rated: Rated, static: Embedder
) -> None:
    ratings, held = rated(105), rated(60, seed=1)
    for two in (("law", "code"), ("cooking", "law")):
        rows = [i for i, name in enumerate(ratings.categories) if name in two]
        learned = fit(ratings.take(rows), static)
        assert learned.categories == tuple(sorted(two))
        for prompt, name in zip(held.prompts, held.categories, strict=True):
            if name in two:
                assert learned.predict(prompt).category == name
        sure = [learned.predict(prompt).confidence for prompt in held.prompts]
        assert (
            np.mean([x for x, name in zip(sure, held.categories, strict=True) if name in two])
            > 0.85
        )


def test_categories_alone_are_a_router_of_no_experts(rated: Rated, words: Embedder) -> None:
    ratings = rated(90)
    learned = fit(of(ratings.prompts, categories=ratings.categories), words)
    assert learned.experts == ()
    assert learned.trust == 0
    found = learned.predict("explain python and compiler and recursion")
    assert (found.category, found.scores) == ("code", {})


# Odd ratings, and what still comes of them.


def odd(n: int = 90) -> dict[str, Ratings]:
    """Ratings of prompts that a careless hand may write."""
    draw = np.random.default_rng(0)
    prompts, scores, labels = chatter(n), draw.random((n, 3)), ["x", "y"] * (n // 2)
    place = np.arange(n)[:, None]
    return {
        "every prompt the same": of(["what is it"] * n, scores),
        "every prompt one word": of(["what"] * n, scores, labels),
        "two prompts": of(["a b", "c d"] * (n // 2), scores, labels),
        "no text": of([""] * n, scores, labels),
        "white space": of([" \n"] * n, scores),
        "no word twice": of([chr(0x4E00 + 7 * i) for i in range(n)], scores),
        "no word twice, labelled": of([f"a{i}b" for i in range(n)], scores, labels),
        "half characters": of(["\ud800", "a \udfff b"] * (n // 2), scores),
        "one category": of(prompts, scores, ["x"] * n),
        "one category, and none": of(prompts, scores, ["x", ""] * (n // 2)),
        "one prompt of a category": of(prompts, scores, ["x"] * (n - 1) + ["y"]),
        "one label": of(prompts, scores, [""] * (n - 1) + ["y"]),
        "as many categories as prompts": of(prompts, scores, [f"c{i}" for i in range(n)]),
        "one score for each prompt": of(prompts, np.where(place % 3 == np.arange(3), scores, NAN)),
        "most prompts without a score": of(prompts, np.where(place > 9, NAN, scores)),
        "one score for an expert": of(prompts, np.where(place == np.arange(3), scores, NAN)),
        "all wrong": of(prompts, np.zeros((n, 3))),
        "all right": of(prompts, np.ones((n, 3)), labels),
        "as few as can be": of(prompts[:20], scores[:20], ["x", "y"] * 10),
        "few, and all the same": of(["what is it"] * 20, scores[:20]),
    }


@pytest.mark.parametrize("kind", odd())
def test_odd_ratings_make_a_router(kind: str, static: Embedder, tmp_path: Path) -> None:
    ratings = odd()[kind]
    learned = fit(ratings, static)
    usable(learned, *ratings.prompts[:3])
    write_router(learned, tmp_path / "x.router")
    usable(read_router(tmp_path / "x.router"))


@pytest.mark.parametrize(
    "kind", ["every prompt the same", "no text", "no word twice", "no word twice, labelled"]
)
def test_so_they_do_where_words_are_all_there_is(kind: str, words: Embedder) -> None:
    ratings = odd(60)[kind]
    usable(fit(ratings, words), *ratings.prompts[:3])


def test_a_category_out_of_scope_may_be_the_only_one(words: Embedder) -> None:
    learned = fit(of(chatter(40), categories=["other"] * 40), words, strange="other")
    found = learned.predict("anything")
    assert found.category == "other"
    assert found.confidence == 0


# What cannot be fitted to.


def test_few_prompts_are_too_few(rated: Rated, words: Embedder) -> None:
    with pytest.raises(RatingsInvalid, match="3 prompts are too few to fit a router: at least 20"):
        fit(rated(3), words)
    with pytest.raises(RatingsInvalid, match="0 prompts are too few"):
        fit(of([]), words)


def test_there_is_something_to_learn(words: Embedder) -> None:
    with pytest.raises(RatingsInvalid, match="neither scores nor categories"):
        fit(of(chatter(40)), words)


def test_a_category_out_of_scope_has_prompts(rated: Rated, words: Embedder) -> None:
    with pytest.raises(
        RatingsInvalid, match="no prompt is of the category 'other': there are code"
    ):
        fit(rated(40), words, strange="other")


def test_an_expert_without_any_score_is_told(words: Embedder) -> None:
    scores = np.array([[0.5, NAN]] * 40)
    with pytest.raises(RatingsInvalid, match="expert 'b' has no score at all"):
        fit(of(chatter(40), scores), words)


# How it is done.


def test_the_same_ratings_give_the_same_router(
    rated: Rated, fitted: Learned, static: Embedder, tmp_path: Path
) -> None:
    again = fit(rated(240, other=60), static, strange="other")
    one, other = tmp_path / "one.router", tmp_path / "other.router"
    assert write_router(fitted, one) == write_router(again, other)
    assert one.read_bytes() == other.read_bytes()


def test_ratings_are_left_as_they_are(rated: Rated, words: Embedder) -> None:
    ratings = rated(60)
    before = ratings.scores.copy()
    fit(ratings, words)
    np.testing.assert_array_equal(ratings.scores, before)


def test_progress_is_told_to_the_end_of_each_stage(rated: Rated, static: Embedder) -> None:
    told: list[tuple[str, int, int]] = []
    fit(rated(300), static, step=lambda *one: told.append(one))
    stages = list(dict.fromkeys(stage for stage, _, _ in told))
    assert len(stages) >= 3
    for stage in stages:
        done = [count for name, count, _ in told if name == stage]
        totals = {total for name, _, total in told if name == stage}
        assert len(totals) == 1
        assert done == sorted(done)
        assert 0 <= done[0] <= done[-1] == totals.pop()
    assert stages == [stage for i, (stage, _, _) in enumerate(told) if told[i - 1][0] != stage]
