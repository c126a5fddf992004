"""Folds: each prompt is held back once, and what is said of it was fitted to the others."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold

from coterie.router.embedders import Integers

FOLDS = 5

Step = Callable[[str, int, int], None]


def folds(labels: Integers, stage: str, step: Step) -> Iterator[tuple[Integers, Integers]]:
    """The rows of the rest and of those held back, of each fold. Every fold has its part of each
    label, where there are enough of it. `step` is told of the `stage` how many of how many folds
    are done.
    """
    counts = np.unique(labels, return_counts=True)[1]
    kind = StratifiedKFold if counts.min() >= FOLDS else KFold
    cut: Any = kind(FOLDS, shuffle=True, random_state=0)
    for done, (rest, held) in enumerate(cut.split(np.zeros(len(labels)), labels), 1):
        yield rest, held
        step(stage, done, FOLDS)
