"""Fitting a learned router to rated prompts. Deterministic: the same ratings give the same router.

Its parts are fitted one to the other: categories to prompts (`classifier`), confidences to what was
right (`calibration`), scores to likelihoods (`regression`), and the whole is believed as far as it
proves true (`trust`).
"""

from collections.abc import Sequence

import numpy as np

from coterie.errors import RatingsInvalid
from coterie.router.calibration import familiar_nearness, platt_scaling, temperature_scaling
from coterie.router.classifier import Classifier, fit_classifier, foretold
from coterie.router.embedders import Embedder, Floats, Integers
from coterie.router.features import Features, read_all
from coterie.router.folds import Step
from coterie.router.learned import Learned, Linear, Parts, blended, softmax
from coterie.router.matrices import VECTOR, matrices, vocabulary
from coterie.router.ratings import Ratings
from coterie.router.regression import Regression, fit_regression, targets
from coterie.router.trust import measured_trust

FEWEST = 20


def fit(
    ratings: Ratings, embedder: Embedder, *, strange: str = "", step: Step | None = None
) -> Learned:
    """A router fitted to `ratings`; `strange` is the category of prompts that are out of scope.
    `step` is told of each stage how much of how much is done. Raises RatingsInvalid.
    """
    told = step or (lambda stage, done, total: None)
    categories = _checked(ratings, strange)
    k = len(categories)
    features = _read(ratings.prompts, embedder, told)
    places, idf = vocabulary(features)
    prompts = matrices(features, places, idf)
    labels = np.array([categories.index(one) if one else -1 for one in ratings.categories])
    centre, wanted = targets(ratings.scores)
    odds, vote, nearness = foretold(prompts, labels, k, told)
    temperature = temperature_scaling(odds, vote, labels)
    likely = blended(softmax(odds / temperature), vote)
    familiar = familiar_nearness(nearness, ratings.categories, strange)
    calibration = platt_scaling(likely, nearness, familiar, labels, categories, strange)
    trust = measured_trust(ratings.scores, likely, prompts, labels, told)
    told("the router", 0, 1)
    classifier = fit_classifier(prompts, labels, k)
    regression = fit_regression(wanted, likely, prompts, labels)
    told("the router", 1, 1)
    return Learned(
        ratings.experts,
        categories,
        centre,
        embedder,
        _parts(places, idf, classifier, regression),
        trust=trust,
        temperature=temperature,
        familiar=familiar,
        calibration=calibration,
        strange=strange,
    )


def _checked(ratings: Ratings, strange: str) -> tuple[str, ...]:
    """The categories, in order."""
    if len(ratings) < FEWEST:
        raise RatingsInvalid(
            f"{len(ratings)} prompts are too few to fit a router: at least {FEWEST}"
        )
    if not ratings.experts and not ratings.has_categories:
        raise RatingsInvalid("neither scores nor categories: there is nothing to learn")
    for name, scores in zip(ratings.experts, ratings.scores.T, strict=True):
        if np.isnan(scores).all():
            raise RatingsInvalid(f"expert {name!r} has no score at all: leave it out")
    categories = tuple(sorted({one for one in ratings.categories if one}))
    if strange and strange not in categories:
        raise RatingsInvalid(
            f"no prompt is of the category {strange!r}: there are {', '.join(categories)}"
        )
    return categories


def _read(prompts: Sequence[str], embedder: Embedder, told: Step) -> list[Features]:
    done = 0

    def step(more: int) -> None:
        nonlocal done
        done += more
        told("reading prompts", done, len(prompts))

    return read_all(embedder, prompts, step)


def _parts(places: Integers, idf: Floats, classifier: Classifier, regression: Regression) -> Parts:
    """All that is linear, side by side: categories, dimensions, experts."""
    v, few, ridge = len(places), regression.few, regression.ridge
    linear = Linear(
        np.hstack([classifier.weights[:v], few.words, ridge.words]),
        np.hstack([VECTOR * classifier.weights[v:], few.vectors, ridge.vectors]),
        np.concatenate([classifier.constants, few.constants, ridge.constants]),
    )
    return Parts(places, idf, linear, regression.means, regression.known, regression.forest)
