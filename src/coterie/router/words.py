"""The embedder without weights: words and pairs of words, hashed to as many places."""

import re
from collections.abc import Sequence
from itertools import pairwise
from zlib import crc32

import numpy as np

from coterie.router.embedders import Embedder, Floats, Integers, unit

PLACES = 4096
_WORD = re.compile(r"\w+")


class Words:
    """Signed counts of words (weight 1) and of neighbours (1/2), by their root."""

    name = "words"
    digest = f"words-{PLACES}:1"
    dimensions = PLACES

    def embed(self, texts: Sequence[str]) -> Floats:
        return self.read(texts)[1]

    def read(self, texts: Sequence[str]) -> tuple[list[Integers], Floats]:
        found = np.zeros((len(texts), PLACES), dtype=np.float32)
        tokens: list[Integers] = []
        for row, text in zip(found, texts, strict=True):
            words = [word.encode() for word in _WORD.findall(text.lower())]
            digests = np.array([crc32(word) for word in words], dtype=np.int64)
            pairs = [crc32(b, crc32(a)) for a, b in pairwise(words)]
            _count(row, digests, 1.0)
            _count(row, np.array(pairs, dtype=np.int64), 0.5)
            tokens.append(digests)
        return tokens, unit(np.sign(found) * np.sqrt(np.abs(found)))


def create() -> Embedder:
    return Words()


def _count(row: Floats, digests: Integers, weight: float) -> None:
    np.add.at(row, digests % PLACES, np.where(digests & 0x80000000, weight, -weight))
