"""What rated prompts say of experts, category by category, shrunk by how little they say.

A category of few prompts makes the luckiest expert look best. So the mean score of an expert in a
category counts as so many measurements as it is of, and `pull` further ones are added that would be
expected of that expert in any category: the category's mean, plus how much better than others the
expert is overall (empirical Bayes, with an additive prior). Where each expert answered each prompt,
the order of experts within a category is then that of means shrunk to their overall means.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from coterie.errors import RatingsInvalid

Floats = npt.NDArray[np.floating]
Counts = npt.NDArray[np.int64]

UNNAMED = "(none)"
"""The category of prompts that have none."""

PULLS = (0.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
FOLDS = 5


@dataclass(frozen=True)
class Evidence:
    """K categories by m experts. `weights`: K, each category's share of the prompts, 1 in all;
    `quality`: K x m, the score from 0 to 1 that is expected; `counts`: K x m, the scores it is of.
    """

    categories: tuple[str, ...]
    weights: npt.NDArray[np.float64]
    quality: npt.NDArray[np.float64]
    counts: Counts


def weigh(scores: Floats, labels: Sequence[str], pull: float) -> Evidence:
    """`scores`: n x m, from 0 to 1, NaN where not measured; `labels`: n, the prompts' categories.

    Prompts without any score are passed over. Raises RatingsInvalid if nothing is left.
    """
    rated = np.flatnonzero(~np.isnan(scores).all(axis=1))
    if not len(rated):
        raise RatingsInvalid("no prompt has a score: nothing says which expert is better")
    measured = scores[rated].astype(np.float64)
    names = [labels[i] or UNNAMED for i in rated.tolist()]
    categories = tuple(sorted(set(names)))
    places = {name: i for i, name in enumerate(categories)}
    rows = np.array([places[name] for name in names])
    here = ~np.isnan(measured)
    known = np.where(here, measured, 0.0)
    inside = (np.arange(len(categories))[:, None] == rows).astype(np.float64)
    counts, sums = inside @ here, inside @ known
    means = sums.sum(axis=1) / counts.sum(axis=1)
    above = np.where(here, measured - means[rows, None], 0.0).sum(axis=0)
    prior = means[:, None] + above / np.maximum(here.sum(axis=0), 1)
    total = counts + pull
    blended = (sums + pull * prior) / np.where(total > 0, total, 1.0)
    quality = np.where(total > 0, blended, prior)
    return Evidence(
        categories,
        inside.sum(axis=1) / len(names),
        np.clip(quality, 0.0, 1.0),
        counts.astype(np.int64),
    )


def fitting_pull(scores: Floats, labels: Sequence[str], folds: int = FOLDS) -> float:
    """The pull whose table foresees held-out scores best (least squares over the folds).

    Of equals the strongest. A category's prompts are dealt to the folds in turn, so that nothing
    is drawn at random.
    """
    errors = dict.fromkeys(sorted(PULLS, reverse=True), 0.0)
    for fitted, held in dealt(scores, labels, folds):
        for pull in errors:
            table = weigh(scores[fitted], [labels[i] for i in fitted], pull)
            errors[pull] += _error(table, scores[held], [labels[i] for i in held])
    return min(errors, key=lambda pull: round(errors[pull], 9))


def dealt(
    scores: Floats, labels: Sequence[str], folds: int = FOLDS
) -> Iterator[tuple[Counts, Counts]]:
    """For each fold its rows to fit to, and those held out; folds that would be empty are none."""
    turns: dict[str, int] = {}
    fold = np.full(len(labels), -1)
    for i in np.flatnonzero(~np.isnan(scores).all(axis=1)).tolist():
        turn = turns[labels[i]] = turns.get(labels[i], -1) + 1
        fold[i] = turn % folds
    for number in range(folds):
        fitted, held = (
            np.flatnonzero((fold != number) & (fold >= 0)),
            np.flatnonzero(fold == number),
        )
        if len(fitted) and len(held):
            yield fitted, held


def _error(table: Evidence, scores: Floats, labels: Sequence[str]) -> float:
    """Squared error over the prompts of those categories that the table knows."""
    places = {name: i for i, name in enumerate(table.categories)}
    kept = [i for i, label in enumerate(labels) if (label or UNNAMED) in places]
    rows = np.array([places[labels[i] or UNNAMED] for i in kept], dtype=np.int64)
    missed = scores[kept].astype(np.float64) - table.quality[rows]
    return float(np.nansum(missed * missed))
