"""Ratings made by hand, prompts that say nothing, and whom a router chooses."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from coterie.router.learned import Learned
from coterie.router.ratings import Ratings

Scores = npt.NDArray[Any]

NAN = float("nan")
VOCABULARY = [f"{a}{b}" for a in "bdgklmprst" for b in ("a", "ele", "im", "on", "undu")]


def of(
    prompts: Sequence[str], scores: Scores | None = None, categories: Iterable[str] | None = None
) -> Ratings:
    """Ratings of these prompts, with a column of scores for each of `a`, `b`, …"""
    n = len(prompts)
    table = np.zeros((n, 0), dtype=np.float32) if scores is None else scores.astype(np.float32)
    labels = tuple(map(str, categories)) if categories is not None else ("",) * n
    names = tuple("abcdefgh"[: table.shape[1]])
    return Ratings(tuple(map(str, range(n))), tuple(prompts), labels, names, table)


def chatter(n: int, seed: int = 0) -> list[str]:
    """Prompts that say nothing."""
    draw = np.random.default_rng(seed)
    return [" ".join(draw.choice(VOCABULARY, 8)) for _ in range(n)]


def chosen(learned: Learned, prompts: Sequence[str]) -> npt.NDArray[np.int64]:
    """The column of the expert that is expected to be best, of each prompt."""
    every = [list(learned.predict(prompt).scores.values()) for prompt in prompts]
    return np.array([np.argmax(scores) for scores in every])


def mean(scores: Scores, taken: npt.NDArray[np.int64]) -> float:
    """The mean score of those chosen."""
    return float(scores[np.arange(len(taken)), taken].mean())
