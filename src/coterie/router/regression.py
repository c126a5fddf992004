"""Scores, given how likely prompts are of each category: all that a router expects of experts.

Scores are first freed of what is no matter of routing: an expert's mean, and how hard a prompt is
for all. What is left is explained by categories, then by a forest, neighbours and ridges (see
`coterie.router.learned`).
"""

from typing import Any, NamedTuple

import numpy as np
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.linear_model import Ridge

from coterie.router.embedders import Floats, Integers
from coterie.router.forest import Forest, grown
from coterie.router.learned import RESIDUE, Neighbours, neighbours
from coterie.router.matrices import Matrices

THIN_CATEGORY = 20.0  # prompts at which half of a category's mean is believed
RIDGE_VECTOR, RIDGE_TOKENS = 10.0, 5.0
FEW = 16  # dimensions of the vector, and of the tokens, that the forest sees
TREES, LEAF, DEPTH = 200, 20, 14


class Affine(NamedTuple):
    """A row is `words` x its words + `vectors` x its vector + `constants`."""

    words: Floats  # v x r
    vectors: Floats  # d x r
    constants: Floats  # r

    def of(self, prompts: Matrices) -> Floats:
        """Those of n prompts, n x r."""
        found: Floats = prompts.words @ self.words + prompts.vectors @ self.vectors
        return found + self.constants


class Regression(NamedTuple):
    """What experts' scores are over their means, by parts."""

    means: Floats  # k x m, of categories
    forest: Forest | None
    few: Affine  # the dimensions that the forest sees
    ridge: Affine  # what prompts say beyond their categories
    known: Neighbours


def targets(scores: Floats) -> tuple[Floats, Floats]:
    """Experts' means, m, and what is left of scores over these and over how hard a prompt is for
    all who were measured on it, n x m; NaN where nobody was.
    """
    if not scores.shape[1]:
        return np.zeros(0, dtype=np.float32), scores
    centre = np.nanmean(scores, axis=0).astype(np.float32)
    over = scores - centre
    measured = (~np.isnan(over)).sum(axis=1, keepdims=True)
    hard = np.nansum(over, axis=1, keepdims=True) / (measured + 1)
    return centre, (over - hard).astype(np.float32)


def fit_regression(
    wanted: Floats, likely: Floats, prompts: Matrices, labels: Integers
) -> Regression:
    """Fitted to `targets`, n x m, of prompts that are so `likely` (n x k) of each category."""
    n, m = wanted.shape
    measured = (~np.isnan(wanted)).astype(np.float32)
    filled = np.nan_to_num(wanted)
    means = likely.T @ filled / (likely.T @ measured + np.float32(THIN_CATEGORY))
    mixture = likely @ means
    residues = (filled - mixture) * measured
    few = _few(prompts)
    forest = None
    if m and n >= 4 * LEAF:
        whole = np.where(measured > 0, filled, mixture)
        forest = _forest(_rows(likely, prompts, few), whole)
    return Regression(
        means.astype(np.float32),
        forest,
        few,
        _ridges(prompts, residues),
        prompts.neighbours(labels, residues, measured),
    )


def expected(fitted: Regression, likely: Floats, prompts: Matrices) -> Floats:
    """Scores over experts' means that are expected of n prompts, n x m."""
    if fitted.forest is None:
        found = likely @ fitted.means
    else:
        rows = _rows(likely, prompts, fitted.few)
        found = np.stack([fitted.forest.predict(row) for row in rows])
    near = [neighbours(fitted.known, vector, 0).quality for vector in prompts.vectors]
    total: Floats = found + RESIDUE * (np.stack(near) + fitted.ridge.of(prompts))
    return total


def _rows(likely: Floats, prompts: Matrices, few: Affine) -> Floats:
    """What the forest sees."""
    return np.hstack([likely, prompts.surface, few.of(prompts)]).astype(np.float32)


def _forest(rows: Floats, wanted: Floats) -> Forest:
    trees = ExtraTreesRegressor(
        TREES,
        min_samples_leaf=LEAF,
        max_depth=DEPTH,
        max_features=0.5,
        n_jobs=-1,
        random_state=0,
    )
    return grown(trees.fit(rows, wanted if wanted.shape[1] > 1 else wanted[:, 0]))


def _few(prompts: Matrices) -> Affine:
    """Projections of tokens and of the vector to `FEW` dimensions each."""
    n, d = prompts.vectors.shape
    v = prompts.words.shape[1]
    r = max(0, min(FEW, n - 1, d, v - 1))
    words = np.zeros((v, 2 * r), dtype=np.float32)
    vectors = np.zeros((d, 2 * r), dtype=np.float32)
    constants = np.zeros(2 * r, dtype=np.float32)
    if not r:  # no two prompts share a word
        return Affine(words, vectors, constants)
    with np.errstate(divide="ignore", invalid="ignore"):  # there may be no variance
        svd = TruncatedSVD(r, random_state=0).fit(prompts.words)
        pca = PCA(r, random_state=0).fit(prompts.vectors)
    words[:, :r] = svd.components_.T
    vectors[:, r:] = pca.components_.T
    constants[r:] = -pca.mean_ @ pca.components_.T
    return Affine(words, vectors, constants)


def _ridges(prompts: Matrices, residues: Floats) -> Affine:
    tokens, intercept = _ridge(
        Ridge(alpha=RIDGE_TOKENS, solver="sparse_cg"), prompts.words, residues
    )
    vector, constant = _ridge(Ridge(alpha=RIDGE_VECTOR), prompts.vectors, residues)
    return Affine(tokens, vector, intercept + constant)


def _ridge(model: Any, rows: Any, residues: Floats) -> tuple[Floats, Floats]:
    width, m = rows.shape[1], residues.shape[1]
    if not width or not m:
        return np.zeros((width, m), dtype=np.float32), np.zeros(m, dtype=np.float32)
    model.fit(rows, residues)
    return model.coef_.reshape(m, -1).T.astype(np.float32), model.intercept_.astype(np.float32)
