"""Prompts as matrices, a row each: what the parts of a router are fitted to."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from coterie.router.embedders import Floats, Integers
from coterie.router.features import Features
from coterie.router.learned import Neighbours, known

VECTOR = np.float32(0.5)  # the vector's weight beside tokens, where both are one row
MOST_NEIGHBOURS = 20_000


class Matrices(NamedTuple):
    """n prompts: `words` n x v (sparse), rows of length one or zeros; `vectors` n x d; `surface`
    n x s.
    """

    words: Any
    vectors: Floats
    surface: Floats

    def take(self, rows: Integers) -> "Matrices":
        """Those rows, in that order."""
        return Matrices(self.words[rows], self.vectors[rows], self.surface[rows])

    @property
    def both(self) -> Any:
        """Words and weighted vectors side by side: n x (v + d), sparse."""
        return sparse.hstack([self.words, sparse.csr_matrix(VECTOR * self.vectors)]).tocsr()

    def neighbours(self, labels: Integers, residues: Floats, measured: Floats) -> Neighbours:
        """The first `MOST_NEIGHBOURS` of the prompts, as those that others are compared with."""
        most = slice(MOST_NEIGHBOURS)
        return Neighbours(self.vectors[most], labels[most], residues[most], measured[most])


def vocabulary(features: Sequence[Features]) -> tuple[Integers, Floats]:
    """The places that were seen twice (once says nothing of prompts to come), in order, and their
    weights: inverse document frequencies, smoothed.
    """
    places, seen = np.unique(np.concatenate([one.places for one in features]), return_counts=True)
    places, seen = places[seen > 1], seen[seen > 1]
    idf = np.log((1 + len(features)) / (1 + seen)) + 1
    return places, idf.astype(np.float32)


def matrices(features: Sequence[Features], places: Integers, idf: Floats) -> Matrices:
    """The prompts with those features; their words are of that vocabulary."""
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
    return Matrices(words, vectors, np.stack([one.surface for one in features]))
