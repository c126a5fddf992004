"""What a fitted router says of prompts, whatever they are."""

from collections.abc import Callable
from inspect import signature

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.router.evidence import Evidence
from coterie.router.learned import Learned, known, softmax
from coterie.router.ratings import Ratings

PROMPT = "how do I use a python loop with a list"


def changed(learned: Learned, **fields: object) -> Learned:
    """The same router but for these."""
    kept = {name: getattr(learned, name) for name in signature(Learned).parameters}
    return Learned(**{**kept, **fields})


def sound(learned: Learned, evidence: Evidence) -> None:
    assert tuple(evidence.scores) == learned.experts
    assert all(0 <= score <= 1 for score in evidence.scores.values())
    assert 0 <= evidence.confidence <= 1
    assert evidence.category in learned.categories


def test_a_prompt_has_a_category_a_confidence_and_scores(fitted: Learned) -> None:
    found = fitted.predict(PROMPT)
    sound(fitted, found)
    assert found.category == "code"
    assert found.confidence > 0.8
    assert max(found.scores, key=lambda name: found.scores[name]) == "coder"


def test_priors_are_the_means_of_the_experts(
    fitted: Learned, rated: Callable[..., Ratings]
) -> None:
    ratings = rated(240, other=60)
    assert tuple(fitted.priors) == ratings.experts
    for name, mean in zip(ratings.experts, ratings.scores.mean(axis=0), strict=True):
        assert fitted.priors[name] == pytest.approx(float(mean), abs=1e-4)


def test_without_trust_prompts_say_nothing_of_experts(fitted: Learned) -> None:
    blind = changed(fitted, trust=0.0)
    for text in (PROMPT, "the soup is a contract", ""):
        found = blind.predict(text)
        assert found.scores == pytest.approx(fitted.priors, abs=1e-6)
        assert found.category == fitted.predict(text).category


def test_with_half_the_trust_they_say_half_as_much(fitted: Learned) -> None:
    half = changed(fitted, trust=fitted.trust / 2).predict(PROMPT)
    whole = fitted.predict(PROMPT)
    for name, prior in fitted.priors.items():
        if 0 < whole.scores[name] < 1:
            more = whole.scores[name] - prior
            assert half.scores[name] - prior == pytest.approx(more / 2, abs=1e-5)


def test_scores_are_shares_however_much_is_said(fitted: Learned) -> None:
    scores = changed(fitted, trust=50.0).predict(PROMPT).scores
    assert scores["coder"] == 1
    assert min(scores.values()) == 0


def test_a_higher_temperature_is_less_sure(fitted: Learned) -> None:
    text = "explain python and garlic and loop"
    cold, warm = (changed(fitted, temperature=t).predict(text).confidence for t in (0.5, 3.0))
    assert cold > warm + 0.05


@pytest.mark.parametrize("slope", [0.1, 1.0, 600.0])
@pytest.mark.parametrize("shift", [-3000.0, 0.0, 3000.0])
def test_however_it_is_calibrated_a_confidence_is_a_share(
    fitted: Learned, slope: float, shift: float
) -> None:
    for text in (PROMPT, "zzqx vrrp ooib", ""):
        evidence = changed(fitted, calibration=(slope, shift)).predict(text)
        sound(fitted, evidence)
        if shift and slope <= 1:
            assert evidence.confidence == pytest.approx(1.0 if shift > 0 else 0.0, abs=1e-9)


def test_what_is_like_no_rated_prompt_is_less_sure(fitted: Learned) -> None:
    assert fitted.predict(PROMPT).confidence > fitted.predict("zzqx vrrp ooib").confidence + 0.2


def test_without_its_forest_the_mixture_of_categories_decides(fitted: Learned) -> None:
    bare = changed(fitted, parts=fitted.parts._replace(forest=None))
    found = bare.predict(PROMPT)
    sound(bare, found)
    assert max(found.scores, key=lambda name: found.scores[name]) == "coder"
    assert found.category == "code"


def test_a_prompt_in_other_clothes_is_the_same_prompt(fitted: Learned) -> None:
    plain = fitted.predict(PROMPT)
    for text in (PROMPT.upper(), f"  {PROMPT}\n", f"Please, {PROMPT} Thanks!"):
        other = fitted.predict(text)
        assert other.category == plain.category
        assert other.confidence == pytest.approx(plain.confidence, abs=1e-5)
        assert other.scores == pytest.approx(plain.scores, abs=1e-5)


@pytest.mark.parametrize(
    "text", ["", " \n", "\ud800", "!" * 10**6, "python " * 10**6, "🙂", "a\x00b", "ſß" * 5000]
)
def test_any_prompt_has_evidence(fitted: Learned, text: str) -> None:
    sound(fitted, fitted.predict(text))


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=80))
def test_so_has_any_text(fitted: Learned, text: str) -> None:
    found = fitted.predict(text)
    sound(fitted, found)
    assert found == fitted.predict(text)


def test_places_are_found_in_a_vocabulary() -> None:
    vocabulary = np.array([2, 5, 9])
    rows, seen = known(vocabulary, np.array([0, 2, 3, 9, 11]))
    assert rows.tolist() == [0, 2]
    assert seen.tolist() == [False, True, False, True, False]
    rows, seen = known(np.zeros(0, dtype=np.int64), np.array([1]))
    assert len(rows) == 0
    assert seen.tolist() == [False]


def test_likelihoods_have_the_sum_of_one() -> None:
    found = softmax(np.array([1000, 999, -1000], dtype=np.float32))
    assert found.sum() == pytest.approx(1)
    assert found[0] / found[1] == pytest.approx(np.e, rel=1e-5)
    assert len(softmax(np.zeros(0, dtype=np.float32))) == 0
