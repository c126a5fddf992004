"""A forest of regression trees as plain arrays: answered by all trees at once, one level a step.

(Extremely randomised trees: Geurts, Ernst and Wehenkel, 2006. scikit-learn grows them.)
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from coterie.router.embedders import Floats

Integers32 = npt.NDArray[np.int32]

NAMES = ("roots", "feature", "threshold", "left", "right", "leaf")


class Forest:
    """`roots`: the first node of each tree; of each node the `feature` that it asks for (-1: a
    leaf), the `threshold` up to which `left` follows and beyond which `right`; `leaf`: nodes x m.
    """

    def __init__(
        self,
        roots: Integers32,
        feature: Integers32,
        threshold: Floats,
        left: Integers32,
        right: Integers32,
        leaf: Floats,
    ) -> None:
        self.roots = roots
        self.feature = feature
        self.threshold = threshold
        self.left = left
        self.right = right
        self.leaf = leaf

    def predict(self, features: Floats) -> Floats:
        """The mean of the trees' answers to one row of features: m numbers."""
        nodes = self.roots
        while True:
            asked = self.feature[nodes]
            if (asked < 0).all():
                break
            lesser = features[asked] <= self.threshold[nodes]
            further = np.where(lesser, self.left[nodes], self.right[nodes])
            nodes = np.where(asked < 0, nodes, further)
        found: Floats = self.leaf[nodes].mean(axis=0, dtype=np.float32)
        return found

    def is_sound(self, width: int) -> bool:
        """Whether it answers any row of `width` features: whatever is asked leads further on."""
        count = len(self.feature)
        asks = np.flatnonzero(self.feature >= 0)
        further = np.stack([self.left[asks], self.right[asks]])
        return bool(
            len(self.roots)
            and (self.roots >= 0).all()
            and (self.roots < count).all()
            and (self.feature < width).all()
            and (further > asks).all()
            and (further < count).all()
        )

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {name: getattr(self, name) for name in NAMES}


def grown(trees: Any) -> Forest:
    """A forest of scikit-learn as arrays."""
    parts: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in NAMES}
    start = 0
    for estimator in trees.estimators_:
        tree = estimator.tree_
        is_leaf = tree.children_left < 0
        parts["roots"].append(np.array([start]))
        parts["feature"].append(np.where(is_leaf, -1, tree.feature))
        parts["threshold"].append(tree.threshold)
        parts["left"].append(np.where(is_leaf, 0, tree.children_left + start))
        parts["right"].append(np.where(is_leaf, 0, tree.children_right + start))
        parts["leaf"].append(np.where(is_leaf[:, None], tree.value.reshape(len(is_leaf), -1), 0))
        start += len(is_leaf)
    joined = {name: np.concatenate(part) for name, part in parts.items()}
    return Forest(
        roots=joined["roots"].astype(np.int32),
        feature=joined["feature"].astype(np.int32),
        threshold=joined["threshold"].astype(np.float32),
        left=joined["left"].astype(np.int32),
        right=joined["right"].astype(np.int32),
        leaf=joined["leaf"].astype(np.float32),
    )
