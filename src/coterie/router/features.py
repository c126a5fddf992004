"""Texts as numbers: hashed tokens and their pairs, a vector, and the surface.

Tokens are the embedder's own, so that a text is cut up once. Pairs of neighbours are hashed beside
them into `PLACES` places (feature hashing, Weinberger et al., arXiv 0902.2206): so many that few
share one, of which a router keeps those that it has seen twice.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from coterie.router.embedders import Embedder, Floats, Integers
from coterie.router.text import normal, surface

BITS = 20
PLACES = 2**BITS
_MIX = np.uint64(0x9E3779B97F4A7C15)


class Features(NamedTuple):
    """One text: the places that its tokens and pairs have (each once, in order), how often
    (1 + log), its vector of unit length, and its surface.
    """

    places: Integers
    counts: Floats
    vector: Floats
    surface: Floats


def read(embedder: Embedder, text: str) -> Features:
    """The features of one text. A text without words has no places and a vector of zeros."""
    return read_all(embedder, [text])[0]


def read_all(
    embedder: Embedder, texts: Sequence[str], step: Callable[[int], None] | None = None
) -> list[Features]:
    """Those of many; `step` is told how many more are done."""
    found: list[Features] = []
    for start in range(0, len(texts), 256):
        part = [normal(text) for text in texts[start : start + 256]]
        tokens, vectors = embedder.read(part)
        for text, ids, vector in zip(part, tokens, vectors, strict=True):
            places, counts = _counted(ids)
            found.append(Features(places, counts, vector, surface(text)))
        if step is not None:
            step(len(part))
    return found


def _counted(ids: Integers) -> tuple[Integers, Floats]:
    hashed = [_place(ids)]
    if len(ids) > 1:
        hashed.append(_place(ids[:-1] * np.int64(1_000_003) + ids[1:] + np.int64(1)))
    places, counts = np.unique(np.concatenate(hashed), return_counts=True)
    return places, (1 + np.log(counts)).astype(np.float32)


def _place(numbers: Integers) -> Integers:
    mixed = (numbers.astype(np.uint64) + np.uint64(1)) * _MIX
    return (mixed >> np.uint64(64 - BITS)).astype(np.int64)
