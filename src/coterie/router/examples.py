"""Categories known by a few utterances each: a prompt is of the one whose examples are nearest.

The examples are embedded once. A prompt's likeness to a category is the mean of its NEAREST most
similar examples, and a softmax over categories makes it a confidence. A prompt that is like none is
of none: how like the categories a stranger is stands among them as one of its own, `other`, so that
a route of one category can be unsure as well. The more examples there are, the more a stranger is
like one of them by chance: that is measured, with prompts about anything, when a route is opened.

The constants were fitted on the training part of CLINC150, with 1 to 60 categories of 3 to 20
examples each: with them the log loss, half of it on prompts of no category, is within a tenth of
what the best constants for each such set would give.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from statistics import median
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct, field

from coterie.config.route import Category
from coterie.router.evidence import Evidence
from coterie.router.strangers import STRANGERS

if TYPE_CHECKING:
    from coterie.router.embedders import Floats

OTHER = "other"
NEAREST = 3
SHARPNESS = 18.0
LEAST = 0.05  # a stranger's likeness: this much, and so many times that of the median stranger
TIMES = {"words": 1.3, "static": 1.7, "minilm": 1.7}


class Embeds(Protocol):
    """What is needed of an embedder: its name, and texts to rows of unit length."""

    @property
    def name(self) -> str: ...

    def embed(self, texts: Sequence[str]) -> Floats: ...


class Likeness(Struct, frozen=True):
    """A category's evidence, and how probably each of those whom categories name is meant; what is
    left is nobody's. `strange`: it is like none of the categories.
    """

    evidence: Evidence = field(default_factory=Evidence)
    shares: dict[str, float] = field(default_factory=dict)
    strange: bool = False


class Examples:
    """The categories of a route, behind one embedder."""

    def __init__(self, categories: Sequence[Category], embedder: Embeds) -> None:
        self.embedder = embedder
        self._categories = tuple(categories)
        texts = [text for category in categories for text in category.examples]
        self._vectors = embedder.embed(texts)
        self._ends: list[int] = []
        for category in categories:
            self._ends.append((self._ends[-1] if self._ends else 0) + len(category.examples))
        strangers = [max(self._likeness(vector)) for vector in embedder.embed(STRANGERS)]
        self._strange = LEAST + TIMES.get(embedder.name, 1.7) * median(strangers)

    def classify(self, text: str) -> Likeness:
        """The likeliest category of a text, with a confidence from 0 to 1."""
        near = self._likeness(self.embedder.embed([text])[0])
        weights = [exp(SHARPNESS * (one - self._strange)) for one in near]
        whole = 1.0 + sum(weights)
        shares: dict[str, float] = {}
        best_name, best_share = OTHER, 1.0 / whole
        strange = True
        for category, weight in zip(self._categories, weights, strict=True):
            share = weight / whole
            shares[category.to] = shares.get(category.to, 0.0) + share
            if share > best_share:
                best_name, best_share, strange = category.name, share, False
        return Likeness(Evidence(best_name, best_share), shares, strange)

    def _likeness(self, vector: Floats) -> list[float]:
        """A text's likeness to each category."""
        every = self._vectors @ vector
        near: list[float] = []
        begin = 0
        for end in self._ends:
            best = sorted(map(float, every[begin:end]), reverse=True)[:NEAREST]
            near.append(sum(best) / len(best))
            begin = end
        return near
