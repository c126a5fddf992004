"""The categories of prompts: logistic regression, and what it says of prompts that it has not seen.

Parts of a router that are fitted to likelihoods are fitted to those of folds that a prompt was not
in, as they will be of prompts nobody has seen.
"""

import warnings
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression

from coterie.router.embedders import Floats, Integers
from coterie.router.folds import Step, folds
from coterie.router.learned import neighbours
from coterie.router.matrices import Matrices

INVERSE_PENALTY = 10.0  # of the logistic regression
NEVER = -30.0  # the logarithm of the odds of a category without a prompt


class Classifier(NamedTuple):
    """Logarithms of odds are rows of `Matrices.both` x `weights` + `constants`."""

    weights: Floats  # (v + d) x k
    constants: Floats  # k


class Foretold(NamedTuple):
    """What was said of each of n prompts by what was fitted to others."""

    odds: Floats  # n x k, logarithms
    vote: Floats  # n x k, of the nearest prompts
    nearness: Floats  # n, the cosine with the nearest


def fit_classifier(prompts: Matrices, labels: Integers, k: int) -> Classifier:
    """Fitted to the prompts that have a label from 0 to k - 1 (-1: not known). With fewer than two
    labels it says nothing.
    """
    known = labels >= 0
    width = prompts.words.shape[1] + prompts.vectors.shape[1]
    weights = np.zeros((width, k), dtype=np.float32)
    if len(np.unique(labels[known])) < 2:
        return Classifier(weights, np.zeros(k, dtype=np.float32))
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=200, tol=1e-3)
    with warnings.catch_warnings():  # that it has not converged, or classes are many: it may be
        warnings.simplefilter("ignore", UserWarning)
        model.fit(prompts.both[known], labels[known])
    constants = np.full(k, NEVER, dtype=np.float32)
    if len(model.classes_) == 2:  # scikit-learn gives one row for two classes
        weights[:, model.classes_[1]] = model.coef_[0]
        constants[model.classes_] = 0, model.intercept_[0]
    else:
        weights[:, model.classes_] = model.coef_.T
        constants[model.classes_] = model.intercept_
    return Classifier(weights, constants)


def foretold(prompts: Matrices, labels: Integers, k: int, step: Step) -> Foretold:
    """What folds that prompts were held back from say of them; `step` is told of each fold."""
    n = len(labels)
    found = Foretold(
        np.zeros((n, k), dtype=np.float32),
        np.zeros((n, k), dtype=np.float32),
        np.zeros(n, dtype=np.float32),
    )
    both = prompts.both
    for rest, held in folds(labels, "categories", step):
        others = prompts.take(rest)
        weights, constants = fit_classifier(others, labels[rest], k)
        found.odds[held] = both[held] @ weights + constants
        nobody = np.zeros((len(rest), 0), dtype=np.float32)
        rated = others.neighbours(labels[rest], nobody, nobody)
        near = [neighbours(rated, vector, k) for vector in prompts.vectors[held]]
        found.vote[held] = np.stack([one.vote for one in near])
        found.nearness[held] = [one.nearness for one in near]
    return found
