"""Fitting a learned router to rated prompts. Deterministic: the same ratings give the same router.

Scores are first freed of what is no matter of routing: an expert's mean, and how hard a prompt is
for all. What is left is explained by categories, then by a forest, neighbours and ridges (see
`coterie.router.learned`). Likelihoods that later parts are fitted to are those of folds that the
prompt was not in, as they will be of prompts nobody has seen.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import minimize_scalar
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold

from coterie.errors import RatingsInvalid
from coterie.router.embedders import Embedder, Floats, Integers
from coterie.router.features import Features, read_all
from coterie.router.forest import Forest, grown
from coterie.router.learned import (
    RESIDUE,
    Learned,
    Linear,
    Near,
    Neighbours,
    Parts,
    blended,
    certainty,
    known,
    logit,
    neighbours,
)
from coterie.router.ratings import Ratings

FOLDS = 5
INVERSE_PENALTY = 10.0  # of the logistic regression
VECTOR = np.float32(0.5)  # the vector's weight beside tokens there
FAMILIAR = 0.1  # share of prompts in scope that are farther from others than is familiar
THIN_CATEGORY = 20.0  # prompts at which half of a category's mean is believed
RIDGE_VECTOR, RIDGE_TOKENS = 10.0, 5.0
FEW = 16  # dimensions of the vector, and of the tokens, that the forest sees
TREES, LEAF, DEPTH = 200, 20, 14
MOST_NEIGHBOURS = 20_000
FEWEST = 20
TRUSTS = (1.0, 0.5, 0.25)
SURE = 2.0  # standard errors that a gain must have: with one, chance is believed in too often

Step = Callable[[str, int, int], None]


class Shown(NamedTuple):
    """Prompts as matrices: `words` n x v, rows of length one; `vectors` n x d; `surface`."""

    words: Any
    vectors: Floats
    surface: Floats

    def take(self, rows: Integers) -> "Shown":
        return Shown(self.words[rows], self.vectors[rows], self.surface[rows])

    @property
    def both(self) -> Any:
        return sparse.hstack([self.words, sparse.csr_matrix(VECTOR * self.vectors)]).tocsr()


def fit(
    ratings: Ratings, embedder: Embedder, *, strange: str = "", step: Step | None = None
) -> Learned:
    """A router fitted to `ratings`; `strange` is the category of prompts that are out of scope.
    `step` is told of each stage how much of how much is done. Raises RatingsInvalid.
    """
    told = step or (lambda stage, done, total: None)
    categories = _checked(ratings, strange)
    features = _read(ratings.prompts, embedder, told)
    places, idf = _vocabulary(features)
    shown = _shown(features, places, idf)
    labels = np.array([categories.index(one) if one else -1 for one in ratings.categories])
    centre, targets = _targets(ratings.scores)
    odds, vote, nearness = _held_back(shown, labels, len(categories), told)
    temperature = _temperature(odds, vote, labels)
    likely = blended(_softmax(odds / temperature), vote)
    familiar = _familiar(nearness, ratings.categories, strange)
    calibration = _calibration(likely, nearness, familiar, labels, categories, strange)
    trust = _trust(ratings.scores, centre, targets, likely, shown, labels, told)
    told("the router", 0, 1)
    linear = _classifier(shown, labels, len(categories))
    second = _second(targets, likely, shown, labels)
    told("the router", 1, 1)
    return Learned(
        ratings.experts,
        categories,
        centre,
        embedder,
        _parts(places, idf, linear, second),
        trust=trust,
        temperature=temperature,
        familiar=familiar,
        calibration=calibration,
        strange=strange,
    )


def _checked(ratings: Ratings, strange: str) -> tuple[str, ...]:
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


def _vocabulary(features: Sequence[Features]) -> tuple[Integers, Floats]:
    """The places that were seen twice (once says nothing of prompts to come), and their weights."""
    places, seen = np.unique(np.concatenate([one.places for one in features]), return_counts=True)
    places, seen = places[seen > 1], seen[seen > 1]
    idf = np.log((1 + len(features)) / (1 + seen)) + 1
    return places, idf.astype(np.float32)


def _shown(features: Sequence[Features], places: Integers, idf: Floats) -> Shown:
    columns: list[Integers] = []
    values: list[Floats] = []
    for one in features:
        rows, seen = known(places, one.places)
        weights = one.counts[seen] * idf[rows]
        length = np.linalg.norm(weights)
        columns.append(rows)
        values.append(weights / length if length else weights)
    starts = np.cumsum([0, *map(len, columns)])
    words = sparse.csr_matrix(
        (np.concatenate(values), np.concatenate(columns), starts), (len(features), len(places))
    )
    vectors = np.stack([one.vector for one in features])
    return Shown(words, vectors, np.stack([one.surface for one in features]))


def _targets(scores: Floats) -> tuple[Floats, Floats]:
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


def _classifier(shown: Shown, labels: Integers, k: int) -> tuple[Floats, Floats]:
    """Logistic regression: weights (v + d) x k, constants k."""
    known = labels >= 0
    width = shown.words.shape[1] + shown.vectors.shape[1]
    if len(np.unique(labels[known])) < 2:
        return np.zeros((width, k), dtype=np.float32), np.zeros(k, dtype=np.float32)
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=200, tol=1e-3)
    with warnings.catch_warnings():  # that it has not converged, or classes are many: it may be
        warnings.simplefilter("ignore", UserWarning)
        model.fit(shown.both[known], labels[known])
    weights = np.zeros((width, k), dtype=np.float32)
    constants = np.full(k, -30.0, dtype=np.float32)
    if len(model.classes_) == 2:  # scikit-learn gives one row for two classes
        weights[:, model.classes_[1]] = model.coef_[0]
        constants[model.classes_] = 0, model.intercept_[0]
    else:
        weights[:, model.classes_] = model.coef_.T
        constants[model.classes_] = model.intercept_
    return weights, constants


def _held_back(shown: Shown, labels: Integers, k: int, told: Step) -> tuple[Floats, Floats, Floats]:
    """Of each prompt, the logarithms of its categories' odds, its neighbours' vote, and how near
    the nearest is, by what was fitted to others.
    """
    n = len(labels)
    odds, vote = np.zeros((n, k), dtype=np.float32), np.zeros((n, k), dtype=np.float32)
    nearness = np.zeros(n, dtype=np.float32)
    both = shown.both
    nobody = np.zeros((n, 0), dtype=np.float32)
    for fold, (rest, held) in enumerate(_folds(labels)):
        weights, constants = _classifier(shown.take(rest), labels[rest], k)
        odds[held] = both[held] @ weights + constants
        near = _near(
            _rated(shown.take(rest), labels[rest], nobody[rest], nobody[rest]), shown, held, k
        )
        vote[held] = np.stack([one.vote for one in near])
        nearness[held] = [one.nearness for one in near]
        told("categories", fold + 1, FOLDS)
    return odds, vote, nearness


def _rated(shown: Shown, labels: Integers, residues: Floats, measured: Floats) -> Neighbours:
    most = slice(MOST_NEIGHBOURS)
    return Neighbours(shown.vectors[most], labels[most], residues[most], measured[most])


def _near(rated: Neighbours, shown: Shown, rows: Integers, k: int) -> list[Near]:
    return [neighbours(rated, vector, k) for vector in shown.vectors[rows]]


def _familiar(nearness: Floats, categories: Sequence[str], strange: str) -> float:
    """How near all but few of the prompts in scope are to another one."""
    inside = np.array([bool(one) and one != strange for one in categories])
    near = np.quantile(nearness[inside], FAMILIAR) if inside.any() else 0.0
    return float(np.clip(near, 0.0, 1.0))


def _folds(labels: Integers) -> list[tuple[Integers, Integers]]:
    counts = np.unique(labels, return_counts=True)[1]
    if counts.min() >= FOLDS:
        cut: Any = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    else:
        cut = KFold(FOLDS, shuffle=True, random_state=0)
    return list(cut.split(np.zeros(len(labels)), labels))


def _temperature(odds: Floats, vote: Floats, labels: Integers) -> float:
    """What makes likelihoods true (temperature scaling: Guo et al., arXiv 1706.04599)."""
    known = labels >= 0
    if odds.shape[1] < 2 or not known.any():
        return 1.0
    right = labels[known]

    def loss(logarithm: float) -> float:
        likely = blended(_softmax(odds[known] / np.exp(logarithm)), vote[known])
        return float(-np.log(likely[np.arange(len(right)), right] + 1e-9).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x))


def _calibration(
    likely: Floats,
    nearness: Floats,
    familiar: float,
    labels: Integers,
    categories: Sequence[str],
    strange: str,
) -> tuple[float, float]:
    """Slope and shift that make confidences true (Platt, 1999), from prompts held back."""
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
    return max(0.1, float(model.coef_[0, 0])), float(model.intercept_[0])


class Second(NamedTuple):
    """What is fitted to scores, given likelihoods."""

    means: Floats  # k x m
    forest: Forest | None
    few: tuple[Floats, Floats, Floats]  # v x r, d x r, constants r
    ridge: tuple[Floats, Floats, Floats]  # v x m, d x m, constants m
    known: Neighbours


def _second(targets: Floats, likely: Floats, shown: Shown, labels: Integers) -> Second:
    n, m = targets.shape
    measured = (~np.isnan(targets)).astype(np.float32)
    filled = np.nan_to_num(targets)
    means = likely.T @ filled / (likely.T @ measured + np.float32(THIN_CATEGORY))
    mixture = likely @ means
    residues = (filled - mixture) * measured
    words, vectors, constants = _few(shown)
    few = shown.words @ words + shown.vectors @ vectors + constants
    forest = None
    if m and n >= 4 * LEAF:
        trees = ExtraTreesRegressor(
            TREES,
            min_samples_leaf=LEAF,
            max_depth=DEPTH,
            max_features=0.5,
            n_jobs=-1,
            random_state=0,
        )
        rows = np.hstack([likely, shown.surface, few]).astype(np.float32)
        wanted = np.where(measured > 0, filled, mixture)
        forest = grown(trees.fit(rows, wanted if m > 1 else wanted[:, 0]))
    return Second(
        means.astype(np.float32),
        forest,
        (words, vectors, constants),
        _ridges(shown, residues),
        _rated(shown, labels, residues, measured),
    )


def _few(shown: Shown) -> tuple[Floats, Floats, Floats]:
    """Projections of tokens and of the vector to `FEW` dimensions each."""
    n, d = shown.vectors.shape
    v = shown.words.shape[1]
    r = max(0, min(FEW, n - 1, d, v - 1))
    words = np.zeros((v, 2 * r), dtype=np.float32)
    vectors = np.zeros((d, 2 * r), dtype=np.float32)
    if not r:  # no two prompts share a word
        return words, vectors, np.zeros(0, dtype=np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):  # there may be no variance
        svd = TruncatedSVD(r, random_state=0).fit(shown.words)
        pca = PCA(r, random_state=0).fit(shown.vectors)
    words[:, :r] = svd.components_.T
    vectors[:, r:] = pca.components_.T
    constants = np.zeros(2 * r, dtype=np.float32)
    constants[r:] = -pca.mean_ @ pca.components_.T
    return words, vectors, constants


def _ridges(shown: Shown, residues: Floats) -> tuple[Floats, Floats, Floats]:
    tokens, intercept = _ridge(Ridge(alpha=RIDGE_TOKENS, solver="sparse_cg"), shown.words, residues)
    vector, constant = _ridge(Ridge(alpha=RIDGE_VECTOR), shown.vectors, residues)
    return tokens, vector, intercept + constant


def _ridge(model: Any, rows: Any, residues: Floats) -> tuple[Floats, Floats]:
    width, m = rows.shape[1], residues.shape[1]
    if not width or not m:
        return np.zeros((width, m), dtype=np.float32), np.zeros(m, dtype=np.float32)
    model.fit(rows, residues)
    return model.coef_.reshape(m, -1).T.astype(np.float32), model.intercept_.astype(np.float32)


def _expected(second: Second, likely: Floats, shown: Shown) -> Floats:
    """Qualities over experts' means that `second` expects of prompts, n x m."""
    words, vectors, constants = second.few
    few = shown.words @ words + shown.vectors @ vectors + constants
    rows = np.hstack([likely, shown.surface, few]).astype(np.float32)
    if second.forest is None:
        found = likely @ second.means
    else:
        found = np.stack([second.forest.predict(row) for row in rows])
    near = np.stack([neighbours(second.known, vector, 0).quality for vector in shown.vectors])
    ridge = shown.words @ second.ridge[0] + shown.vectors @ second.ridge[1] + second.ridge[2]
    total: Floats = found + RESIDUE * (near + ridge)
    return total


def _trust(
    scores: Floats,
    centre: Floats,
    targets: Floats,
    likely: Floats,
    shown: Shown,
    labels: Integers,
    told: Step,
) -> float:
    """How far what prompts say is to be believed: the largest share of it that gained more than
    `SURE` standard errors in folds that were held back; else 0.
    """
    n, m = scores.shape
    if m < 2:
        return 0.0
    expected = np.zeros((n, m), dtype=np.float32)
    for fold, (rest, held) in enumerate(_folds(labels)):
        second = _second(targets[rest], likely[rest], shown.take(rest), labels[rest])
        expected[held] = _expected(second, likely[held], shown.take(held))
        told("folds", fold + 1, FOLDS)
    best = int(centre.argmax())
    for trust in TRUSTS:
        gains = _gains(scores, best, (centre + trust * expected).argmax(axis=1))
        if len(gains) and gains.mean() > SURE * gains.std() / np.sqrt(len(gains)):
            return trust
    return 0.0


def _gains(scores: Floats, best: int, chosen: Integers) -> Floats:
    """What was won over the best single expert, of prompts on which both were measured."""
    won = scores[np.arange(len(chosen)), chosen] - scores[:, best]
    found: Floats = won[~np.isnan(won)]
    return found


def _parts(
    places: Integers, idf: Floats, classifier: tuple[Floats, Floats], second: Second
) -> Parts:
    weights, constants = classifier
    words, vectors, few = second.few
    tokens, vector, ridge = second.ridge
    linear = Linear(
        np.hstack([weights[: len(places)], words, tokens]),
        np.hstack([VECTOR * weights[len(places) :], vectors, vector]),
        np.concatenate([constants, few, ridge]),
    )
    return Parts(places, idf, linear, second.means, second.known, second.forest)


def _softmax(odds: Floats) -> npt.NDArray[np.float32]:
    if not odds.shape[1]:
        return odds
    raised = np.exp(odds - odds.max(axis=1, keepdims=True))
    found: Floats = raised / raised.sum(axis=1, keepdims=True)
    return found
