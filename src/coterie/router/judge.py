"""What examples and a learned router say of a prompt. It may take tens of milliseconds (a
transformer), and touches nothing that changes: it can run in a thread of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct, field

from coterie.router.evidence import Evidence
from coterie.router.examples import OTHER

if TYPE_CHECKING:
    from coterie.router.examples import Embeds, Examples


SLOW = ("minilm",)  # embedders that take tens of milliseconds


class Predictor(Protocol):
    """A learned router: which experts it was fitted for, their mean quality, which of its
    categories is that of prompts out of scope (`strange`; empty: none), and what it expects of
    experts for a text.
    """

    @property
    def embedder(self) -> Embeds: ...

    @property
    def strange(self) -> str: ...

    @property
    def experts(self) -> tuple[str, ...]: ...

    @property
    def priors(self) -> Mapping[str, float]: ...

    def predict(self, text: str) -> Evidence: ...


class Judgement(Struct, frozen=True):
    """`category` and `confidence` of the surer of the two, `strange`: it is like none; the learned
    `scores`; `shares`: how probably examples mean each expert; `trouble`: what went wrong.
    """

    category: str = ""
    confidence: float = 0.0
    strange: bool = False
    scores: Mapping[str, float] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    trouble: str = ""


class Judge:
    """The examples and the learned router of a route, as far as it has them."""

    def __init__(self, examples: Examples | None = None, learned: Predictor | None = None) -> None:
        self._examples = examples
        self.learned = learned

    @property
    def knows(self) -> bool:
        """Whether there is anything to judge by."""
        return self._examples is not None or self.learned is not None

    @property
    def slow(self) -> bool:
        """Whether judging takes so long that nobody should wait for it who need not."""
        used = [one.embedder.name for one in (self._examples, self.learned) if one is not None]
        return any(name in SLOW for name in used)

    def judge(self, text: str) -> Judgement:
        """Never raises: what fails is told in `trouble`."""
        if not self.knows:
            return Judgement()
        try:
            return self._judged(text)
        except Exception as error:
            return Judgement(trouble=f"{type(error).__name__}: {error}")

    def _judged(self, text: str) -> Judgement:
        if not text.strip():
            return Judgement(OTHER, 1.0, strange=True)
        found = Evidence()
        shares: Mapping[str, float] = {}
        strange = False
        if self._examples is not None:
            likeness = self._examples.classify(text)
            found, shares = likeness.evidence, likeness.shares
            strange = likeness.strange
        if self.learned is None:
            return Judgement(found.category, found.confidence, strange, {}, shares)
        learned = self.learned.predict(text)
        if strange or learned.confidence > found.confidence:
            # Scores without a category are evidence enough: nothing is strange to them.
            found = learned
            strange = bool(found.category) and found.category == self.learned.strange
        return Judgement(found.category, found.confidence, strange, learned.scores, shares)
