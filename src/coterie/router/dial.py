"""Many prompts decided at once, by the rule of a route, for `coterie route eval` and `tune`.

What a route does where nothing is resident and nobody stays with a conversation: the most useful
expert answers (see `coterie.router.utility`), and the generalist where the prompt is out of scope
or its category less certain than `confidence`. Of equals the quicker one wins, then the first by
name. A test has `Router` decide the same.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from coterie.router.embedders import Floats, Integers
from coterie.router.evaluate import Point, hull
from coterie.router.utility import utility

Doubles = npt.NDArray[np.float64]
PATIENCE = 10.0


class Weighed(NamedTuple):
    """n prompts and m experts. `expected`: quality, n x m; `cost`: m, parts of the dearest's;
    `seconds`: m, until they have answered; `confidence`: n, 1 where there are no categories;
    `strange`: n, whether out of scope; `generalist`: his column.
    """

    experts: tuple[str, ...]
    expected: Doubles
    cost: Doubles
    seconds: Doubles
    confidence: Doubles
    strange: npt.NDArray[np.bool_]
    generalist: int


def chosen(
    weighed: Weighed, economy: float = 0.0, confidence: float = 0.0, patience: float = PATIENCE
) -> Integers:
    """Who answers each prompt, n columns."""
    order = np.lexsort((np.array(weighed.experts), weighed.seconds))
    worth = _utilities(weighed, economy, patience)[:, order]
    first: Integers = order[worth.argmax(axis=1)]
    return np.where(unsure(weighed, confidence), weighed.generalist, first)


def unsure(weighed: Weighed, confidence: float) -> npt.NDArray[np.bool_]:
    """Whether the generalist answers whatever is expected of others, n."""
    return weighed.strange | (weighed.confidence < confidence)


def worth(
    weighed: Weighed, scores: Floats, who: Integers, economy: float, patience: float
) -> Doubles:
    """What answers were worth that got these scores (n x m), n."""
    rows = np.arange(len(who))
    measured = weighed._replace(expected=scores.astype(np.float64))
    return _utilities(measured, economy, patience)[rows, who]


def single(scores: Floats, cost: Doubles) -> list[Point]:
    """Each expert alone: `setting` is its column."""
    return [Point(float(j), float(cost[j]), float(scores[:, j].mean())) for j in range(len(cost))]


def reached(points: list[Point], cost: float) -> float:
    """The quality on the hull of `points` at a cost: what it takes to draw lots between two of
    them (the zero router of RouterBench, arXiv 2403.12031). 0 where nothing is so cheap.
    """
    line = hull(points)
    if cost < line[0].cost:
        return 0.0
    return float(np.interp(cost, [one.cost for one in line], [one.quality for one in line]))


def _utilities(weighed: Weighed, economy: float, patience: float) -> Doubles:
    """n x m. The rule itself stands in `utility`, which takes arrays as it takes numbers."""
    rule: npt.NDArray[np.float64] = utility(  # type: ignore[assignment]
        weighed.expected,  # type: ignore[arg-type]
        weighed.cost,  # type: ignore[arg-type]
        weighed.seconds,  # type: ignore[arg-type]
        economy,
        patience,
    )
    return rule
