"""What else one would do with rated prompts: the baselines of the field, on the same vectors."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPRegressor

from coterie.router.embedders import Embedder, Floats, Integers

if TYPE_CHECKING:
    from benchmarks.routing import Split

NEAREST = 80
CLUSTERS = 64


def label(parts: "Split", embedder: Embedder) -> Integers:
    """The expert that is best in the prompt's true category."""
    table, names = _table(parts)
    return np.array([table[names.index(one)].argmax() for one in parts.held.categories])


def hard(parts: "Split", embedder: Embedder) -> Integers:
    """The expert that is best in the category that tf-idf and logistic regression predict."""
    table, _ = _table(parts)
    chosen: Integers = table[_likely(parts).argmax(axis=1)].argmax(axis=1)
    return chosen


def soft(parts: "Split", embedder: Embedder) -> Integers:
    """The same, by the mixture over predicted categories."""
    table, _ = _table(parts)
    chosen: Integers = (_likely(parts) @ table).argmax(axis=1)
    return chosen


def neighbours(parts: "Split", embedder: Embedder) -> Integers:
    """The mean scores of the nearest prompts, weighted by their cosines."""
    train, held = _vectors(parts, embedder)
    chosen = []
    for vector in held:
        likeness = train @ vector
        rows = np.argpartition(likeness, -NEAREST)[-NEAREST:]
        weights = np.maximum(likeness[rows], 0) + 1e-6
        chosen.append(int((weights @ parts.train.scores[rows]).argmax()))
    return np.array(chosen)


def clusters(parts: "Split", embedder: Embedder) -> Integers:
    """The expert that is best in the prompt's cluster of vectors (k-means)."""
    train, held = _vectors(parts, embedder)
    model = KMeans(CLUSTERS, n_init=4, random_state=0).fit(train)
    mean = parts.train.scores.mean(axis=0)
    table = np.array(
        [
            parts.train.scores[rows].mean(axis=0) if (rows := model.labels_ == one).any() else mean
            for one in range(CLUSTERS)
        ]
    )
    chosen: Integers = table[model.predict(held)].argmax(axis=1)
    return chosen


def ridge(parts: "Split", embedder: Embedder) -> Integers:
    train, held = _vectors(parts, embedder)
    chosen: Integers = Ridge(alpha=1.0).fit(train, parts.train.scores).predict(held).argmax(axis=1)
    return chosen


def perceptron(parts: "Split", embedder: Embedder) -> Integers:
    train, held = _vectors(parts, embedder)
    model = MLPRegressor(
        hidden_layer_sizes=(128,), alpha=1e-3, early_stopping=True, random_state=0, max_iter=200
    )
    chosen: Integers = model.fit(train, parts.train.scores).predict(held).argmax(axis=1)
    return chosen


BASELINES: dict[str, Callable[["Split", Embedder], Integers]] = {
    "true category": label,
    "hard category": hard,
    "soft category": soft,
    "kNN 80": neighbours,
    "k-means 64": clusters,
    "ridge": ridge,
    "MLP": perceptron,
}


def _table(parts: "Split") -> tuple[Floats, list[str]]:
    """What experts are worth in categories, and the categories."""
    names = sorted(set(parts.train.categories))
    of = np.array([names.index(one) for one in parts.train.categories])
    rows = [parts.train.scores[of == one].mean(axis=0) for one in range(len(names))]
    return np.array(rows, dtype=np.float32), names


def _likely(parts: "Split") -> Floats:
    reader = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2)
    names = sorted(set(parts.train.categories))
    of = [names.index(one) for one in parts.train.categories]
    model = LogisticRegression(C=10, max_iter=300).fit(
        reader.fit_transform(parts.train.prompts), of
    )
    found: Floats = model.predict_proba(reader.transform(parts.held.prompts))
    return found


def _vectors(parts: "Split", embedder: Embedder) -> tuple[Floats, Floats]:
    return embedder.embed(parts.train.prompts), embedder.embed(parts.held.prompts)
