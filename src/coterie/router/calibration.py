"""What makes likelihoods and confidences true: fitted to what was foretold of prompts held back."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression

from coterie.router.embedders import Floats, Integers
from coterie.router.learned import blended, certainty, logit, softmax

FAMILIAR = 0.1  # share of prompts in scope that are farther from others than is familiar
LEAST_SLOPE = 0.1


def temperature_scaling(odds: Floats, vote: Floats, labels: Integers) -> float:
    """What logarithms of odds (n x k) are divided by, so that likelihoods, with the neighbours'
    `vote`, are true (temperature scaling: Guo et al., arXiv 1706.04599).
    """
    known = labels >= 0
    if odds.shape[1] < 2 or not known.any():
        return 1.0
    right = labels[known]

    def loss(logarithm: float) -> float:
        likely = blended(softmax(odds[known] / np.exp(logarithm)), vote[known])
        return float(-np.log(likely[np.arange(len(right)), right] + 1e-9).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x))


def familiar_nearness(nearness: Floats, categories: Sequence[str], strange: str) -> float:
    """How near all but few of the prompts in scope are to another one, from 0 to 1."""
    inside = np.array([bool(one) and one != strange for one in categories])
    near = np.quantile(nearness[inside], FAMILIAR) if inside.any() else 0.0
    return float(np.clip(near, 0.0, 1.0))


def platt_scaling(
    likely: Floats,
    nearness: Floats,
    familiar: float,
    labels: Integers,
    categories: Sequence[str],
    strange: str,
) -> tuple[float, float]:
    """Slope and shift that make confidences true (Platt, 1999): of the likeliest category within
    scope, as `likely` (n x k) and `nearness` (n) have it, against `labels` (n).
    """
    inside = [i for i, name in enumerate(categories) if name != strange]
    known = np.flatnonzero(labels >= 0)
    if len(inside) < 2 or not len(known):
        return 1.0, 0.0
    first = likely[known][:, inside].argmax(axis=1)
    sure = [
        logit(certainty(float(likely[i, inside[j]]), float(nearness[i]), familiar))
        for i, j in zip(known, first, strict=True)
    ]
    right = np.array(inside)[first] == labels[known]
    if right.all() or not right.any():
        return 1.0, 0.0
    model = LogisticRegression(C=1e6).fit(np.array(sure)[:, None], right)
    return max(LEAST_SLOPE, float(model.coef_[0, 0])), float(model.intercept_[0])
