"""What `coterie route fit` says: what the router was fitted to, what it is worth, how to use it."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml

from coterie.cli.route.sheets import Line, percent
from coterie.config import format_size
from coterie.router.evaluate import Quality
from coterie.router.learned import Learned
from coterie.router.ratings import Ratings

TRUSTS = {1.0: "full", 0.5: "half", 0.25: "a quarter", 0.0: "none"}
MOST_NAMES = 12


class Fitted(NamedTuple):
    """A router that was written, and `how` good it was on prompts held back, if any were."""

    learned: Learned
    ratings: Ratings
    how: Quality | None
    file: Path
    digest: str
    size_bytes: int

    @property
    def best(self) -> str:
        """The single expert that is best in all."""
        return max(self.learned.experts, key=lambda name: self.learned.priors[name])


def lines(done: Fitted) -> list[Line]:
    """A line for each figure."""
    learned = done.learned
    return [
        ("prompts", str(len(done.ratings))),
        ("experts", _named(learned.experts)),
        ("categories", _named(learned.categories)),
        *([("out of scope", learned.strange)] if learned.strange else []),
        *_held(done.how),
        ("trust", _trust(done)),
        ("file", f"{done.file}, {format_size(done.size_bytes)}, embedder {learned.embedder.name}"),
        ("digest", done.digest),
    ]


def remarks(done: Fitted) -> Iterator[str]:
    """What is odd about the ratings."""
    scores = done.ratings.scores
    if (
        len(done.learned.experts) > 1
        and not (np.count_nonzero(~np.isnan(scores), axis=1) > 1).any()
    ):
        yield (
            "no prompt was rated for two experts: nobody can be compared, and no prompt is "
            "believed to suit one better; have some prompts answered by several"
        )
    if len(done.learned.categories) == 1:
        yield "there is one category alone: it tells prompts apart no more than none"


def document(done: Fitted) -> str:
    """The route, as it stands in a composition."""
    route = {"name": "auto", "otherwise": done.best, "learned": done.file.name}
    return f"routes:\n- {_flow(route)[:-1]},\n   candidates: {_flow(list(done.learned.experts))}}}"


def _held(how: Quality | None) -> list[Line]:
    if how is None:
        return []
    if not how.prompts:
        return [("held back", "no prompt has scores of both the chosen and the best single expert")]
    gap = f", {how.gap * 100:.0f} % of the gap closed" if how.oracle > how.best else ""
    return [
        ("held back", f"{how.prompts} prompts, of a router that was fitted without them"),
        ("  quality", f"{percent(how.quality)} (95 % interval of the gain: {_interval(how)}){gap}"),
        ("  best single", f"{percent(how.best)}, {how.best_expert}"),
        ("  oracle", percent(how.oracle)),
    ]


def _interval(how: Quality) -> str:
    return f"{how.low * 100:+.1f} to {how.high * 100:+.1f} points"


def _trust(done: Fitted) -> str:
    learned = done.learned
    if len(learned.experts) < 2:
        return f"none: {done.best!r} is the only expert, there is nothing to choose"
    if learned.trust:
        word = TRUSTS.get(learned.trust, f"{learned.trust:g}")
        return f"{word}: prompts that folds held back were answered better for it"
    return (
        "none: no signal was found in folds that were held back; the best single expert, "
        f"{done.best!r}, always wins"
    )


def _named(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    listed = ", ".join(names[:MOST_NAMES])
    return f"{len(names)}: {listed}{more}" if names else "none"


def _flow(value: object) -> str:
    text: str = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, width=10**9, allow_unicode=True
    )
    return text.strip()
