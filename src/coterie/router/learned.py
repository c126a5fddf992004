"""The learned router: which category a prompt is of, and how well each expert is likely to answer.

A category is as likely as a logistic regression on tokens and vector says, and by `VOTE` as the
nearest rated prompts say. The score of an expert is its mean, plus `trust` times what the prompt
says of it:

- the mixture of what it is worth in each category, as likely as the prompt is of each;
- a forest over those likelihoods, the text's surface and its vector and tokens in few dimensions,
  which takes the mixture's place where it was grown;
- what neighbours' scores, weighted by likeness, and ridge regressions on the vector and on tokens
  say beyond that (`RESIDUE` each).

Every part is shrunk towards nothing where evidence is thin, and `trust` is 0 where folds that were
held back did not show any gain: then the best single expert wins, always.
"""

from math import exp, log
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from coterie.router.embedders import Embedder, Floats, Integers
from coterie.router.evidence import Evidence
from coterie.router.features import Features, read
from coterie.router.forest import Forest

RESIDUE = np.float32(0.1)
NEAREST = 80
VOTERS = 30
VOTE = np.float32(0.2)
SHARPNESS = np.float32(10.0)  # of votes: a cosine of 0.1 more is worth e times as much
THIN = np.float32(5.0)  # neighbours' likeness at which half of what they say is believed


class Linear(NamedTuple):
    """What is linear in a text: weights for each known place of its tokens and each number of its
    vector, for the categories (`k`), dimensions (`r`) and experts (`m`), in that order.
    """

    tokens: Floats  # v x (k + r + m), where a text's counts are weighted and of length one
    vector: Floats  # dimensions x (k + r + m)
    constant: Floats  # k + r + m


class Neighbours(NamedTuple):
    """Rated prompts: `vectors` n x dimensions; `labels` n, the category of each (-1: not known);
    `residues` n x m, 0 where not measured; `measured` n x m, 1 where they were.
    """

    vectors: Floats
    labels: Integers
    residues: Floats
    measured: Floats


class Parts(NamedTuple):
    """Everything that was learnt, as arrays."""

    places: Integers  # v: the places of tokens that are known, in order
    idf: Floats  # v: the weight of each
    linear: Linear
    means: Floats  # k x m: what experts are worth in categories, over their mean
    neighbours: Neighbours
    forest: Forest | None


class Reading(NamedTuple):
    """What a text comes to. `likely`: k; `quality`: m, over experts' means; `nearness`: the cosine
    with the nearest rated prompt.
    """

    likely: Floats
    quality: Floats
    nearness: float


class Near(NamedTuple):
    """What the nearest rated prompts say: `quality` m; `vote` k, of sum one or zeros."""

    quality: Floats
    vote: Floats
    nearness: float


class Learned:
    """A fitted router: over these `experts`, with means `priors`, behind its own embedder."""

    def __init__(
        self,
        experts: tuple[str, ...],
        categories: tuple[str, ...],
        means: Floats,
        embedder: Embedder,
        parts: Parts,
        *,
        trust: float = 1.0,
        temperature: float = 1.0,
        familiar: float = 0.0,
        calibration: tuple[float, float] = (1.0, 0.0),
        strange: str = "",
        digest: str = "",
    ) -> None:
        self.experts = experts
        self.categories = categories
        self.embedder = embedder
        self.parts = parts
        self.trust = trust
        self.temperature = temperature
        self.familiar = familiar
        self.calibration = calibration
        self.strange = strange
        self.digest = digest
        self.means = means
        self.priors = {name: float(mean) for name, mean in zip(experts, means, strict=True)}

    def predict(self, text: str) -> Evidence:
        """What is known of a prompt. Its confidence is that of its likeliest category within scope,
        and less where the nearest rated prompt is farther than `familiar`.
        """
        reading = self.reading(read(self.embedder, text))
        scores = np.clip(self.means + np.float32(self.trust) * reading.quality, 0.0, 1.0)
        found = {name: float(x) for name, x in zip(self.experts, scores, strict=True)}
        if not self.categories:
            return Evidence(scores=found)
        category = self.categories[int(reading.likely.argmax())]
        return Evidence(category, self.confidence(reading), found)

    def confidence(self, reading: Reading) -> float:
        """How sure the likeliest category within scope is, from 0 to 1: calibrated."""
        inside = reading.likely
        if self.strange:
            inside = np.delete(inside, self.categories.index(self.strange))
        if not len(inside):
            return 0.0
        sure = certainty(float(inside.max()), reading.nearness, self.familiar)
        slope, shift = self.calibration
        return 1 / (1 + exp(min(30.0, -(slope * logit(sure) + shift))))  # e to more has no number

    def reading(self, features: Features) -> Reading:
        """What a text's features come to."""
        parts, k, m = self.parts, len(self.categories), len(self.experts)
        linear = self._linear(features)
        near = neighbours(parts.neighbours, features.vector, k)
        likely = blended(softmax(linear[:k] / np.float32(self.temperature)), near.vote)
        few, ridge = linear[k : len(linear) - m], linear[len(linear) - m :]
        quality = likely @ parts.means if k else np.zeros(m, dtype=np.float32)
        if parts.forest is not None:
            quality = parts.forest.predict(np.concatenate([likely, features.surface, few]))
        return Reading(likely, quality + RESIDUE * (near.quality + ridge), near.nearness)

    def _linear(self, features: Features) -> Floats:
        parts = self.parts
        found: Floats = features.vector @ parts.linear.vector + parts.linear.constant
        rows, seen = known(parts.places, features.places)
        weights = features.counts[seen] * parts.idf[rows]
        length = float(np.linalg.norm(weights))
        if length:
            found += (weights / np.float32(length)) @ parts.linear.tokens[rows]
        return found


def known(vocabulary: Integers, places: Integers) -> tuple[Integers, npt.NDArray[np.bool_]]:
    """The rows that places have in a sorted vocabulary, and which of the places are in it."""
    if not len(vocabulary):
        return np.zeros(0, dtype=np.int64), np.zeros(len(places), dtype=np.bool_)
    rows = np.minimum(np.searchsorted(vocabulary, places), len(vocabulary) - 1)
    seen = vocabulary[rows] == places
    return rows[seen], seen


def neighbours(rated: Neighbours, vector: Floats, k: int) -> Near:
    """What the nearest of the rated prompts say of one with this vector."""
    m = rated.residues.shape[1]
    vote = np.zeros(k, dtype=np.float32)
    if not len(rated.vectors):
        return Near(np.zeros(m, dtype=np.float32), vote, 0.0)
    likeness = rated.vectors @ vector
    if len(likeness) > NEAREST:
        rows = np.argpartition(likeness, -NEAREST)[-NEAREST:]
    else:
        rows = np.arange(len(likeness))
    weights = np.maximum(likeness[rows], 0)
    said = weights @ rated.residues[rows] / (weights @ rated.measured[rows] + THIN)
    nearest = float(likeness[rows].max())
    voters = rows[rated.labels[rows] >= 0]
    if k and len(voters) and nearest > 0:
        if len(voters) > VOTERS:
            voters = voters[np.argpartition(likeness[voters], -VOTERS)[-VOTERS:]]
        np.add.at(vote, rated.labels[voters], np.exp(SHARPNESS * (likeness[voters] - nearest)))
        vote /= vote.sum()
    return Near(said.astype(np.float32), vote, nearest)


def blended(likely: Floats, vote: Floats) -> Floats:
    """Likelihoods with the neighbours' vote, where there is one; of one prompt, or of many."""
    cast = vote.sum(axis=-1, keepdims=True) > 0
    found: Floats = np.where(cast, (1 - VOTE) * likely + VOTE * vote, likely)
    return found


def certainty(likely: float, nearness: float, familiar: float) -> float:
    """Of a category, less where nothing like the prompt was rated."""
    return likely * min(1.0, max(0.0, nearness) / familiar) if familiar > 0 else likely


def logit(share: float) -> float:
    bounded = min(max(share, 1e-4), 1 - 1e-4)
    return log(bounded / (1 - bounded))


def softmax(odds: Floats) -> Floats:
    """Likelihoods, of logarithms of odds; of one prompt, or of many."""
    if not odds.shape[-1]:
        return odds
    raised = np.exp(odds - odds.max(axis=-1, keepdims=True))
    found: Floats = raised / raised.sum(axis=-1, keepdims=True)
    return found
