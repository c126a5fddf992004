"""Who is held back when."""

import numpy as np
import pytest

from coterie.router.embedders import Integers
from coterie.router.folds import FOLDS, folds


def parts(labels: Integers) -> list[tuple[Integers, Integers]]:
    return list(folds(labels, "folds", lambda *one: None))


@pytest.mark.parametrize(
    "labels", [np.zeros(23, dtype=int), np.arange(20) % 3, np.arange(20), np.array([-1] * 19 + [0])]
)
def test_each_prompt_is_held_back_once_and_never_among_the_rest(labels: Integers) -> None:
    found = parts(labels)
    assert len(found) == FOLDS
    assert sorted(np.concatenate([held for _, held in found])) == list(range(len(labels)))
    for rest, held in found:
        assert sorted([*rest, *held]) == list(range(len(labels)))


def test_each_fold_has_its_part_of_each_label() -> None:
    labels = np.array([0] * 10 + [1] * 20 + [-1] * 30)
    for _, held in parts(labels):
        assert np.unique(labels[held], return_counts=True)[1].tolist() == [6, 2, 4]


def test_the_same_labels_give_the_same_folds() -> None:
    for kind in (np.arange(30) % 2, np.arange(30)):
        for (rest, held), (others, back) in zip(parts(kind), parts(kind), strict=True):
            assert (rest.tolist(), held.tolist()) == (others.tolist(), back.tolist())


def test_each_fold_is_told_when_it_is_done() -> None:
    told: list[object] = []
    for _ in folds(np.zeros(10, dtype=int), "stage", lambda *one: told.append(one)):
        told.append("used")
    assert told == [one for i in range(FOLDS) for one in ("used", ("stage", i + 1, FOLDS))]
