"""What a fitted router did on rated prompts, in numbers: categories, quality, cost, robustness.

Each prompt goes where a route with `economy: 0` and `confidence: 0` sends it: to the expert that is
expected to answer best, and out of scope to the best single one.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from coterie.cli.route.asking import Answers, Asked, complete, weighed
from coterie.cli.route.progress import Step
from coterie.router.dial import chosen, single
from coterie.router.embedders import Floats, Integers
from coterie.router.evaluate import (
    Point,
    Quality,
    aiq,
    auroc,
    calibration,
    confusion,
    quality,
)
from coterie.router.paraphrase import KINDS, paraphrases

# Beyond 1 the cheapest expert answers in the end, whatever is expected of the others.
DIALS = (*np.linspace(0, 0.5, 101).tolist(), *np.geomspace(0.55, 1e6, 60).tolist())


class Categories(Struct, frozen=True):
    """Of prompts whose category the router knows: the share that it took for what they are, and how
    far its confidence, of being right and within scope, is from that. `others`: prompts of
    categories that it does not know. `out_of_scope`: how often it is surer of a prompt in scope
    than of one that is not (AUROC).
    """

    prompts: int
    others: int
    accuracy: float
    calibration_error: float
    bins: list[tuple[float, float, int]]
    out_of_scope: float | None
    names: tuple[str, ...]
    confusion: list[list[int]]


class Kind(Struct, frozen=True):
    """One category of prompts; `accuracy` is None where the router does not know it, qualities
    where nothing was measured.
    """

    category: str
    prompts: int
    accuracy: float | None
    quality: float | None
    best: float | None


class Frontier(Struct, frozen=True):
    """Mean quality over the range of costs (AIQ), of the router, of single experts on their hull,
    and the router's cost where it asks for quality alone. `prompts`: those that all were rated on.
    """

    prompts: int
    area: float
    single_area: float
    cost: float
    points: list[Point]
    single: list[Point]


class Measured(Struct, frozen=True):
    """All that was found out; None: the ratings or files do not say enough."""

    router: str
    digest: str
    prompts: int
    experts: tuple[str, ...]
    ms: float
    categories: Categories | None
    quality: Quality | None
    gap_closed: tuple[float, float, float] | None
    goes_to: dict[str, float]
    kinds: list[Kind]
    frontier: Frontier | None
    paraphrases: dict[str, float]


def measured(
    name: str,
    asked: Asked,
    found: Answers,
    costs: Mapping[str, float] | None,
    many: int,
    step: Step,
) -> Measured:
    """`costs`: of all experts, or None; `many`: prompts whose paraphrases are compared."""
    ratings, learned = asked.ratings, asked.learned
    who = np.zeros(0, dtype=np.int64)
    how: Quality | None = None
    if ratings.experts:
        who = chosen(weighed(asked, found))
        how = quality(ratings, who, asked.best)
        how = how if how.prompts else None
    return Measured(
        router=name,
        digest=learned.digest,
        prompts=len(ratings),
        experts=ratings.experts,
        ms=found.ms,
        categories=_categories(asked, found),
        quality=how,
        gap_closed=_gap(how),
        goes_to=shares(ratings.experts, who),
        kinds=_kinds(asked, found, who),
        frontier=None if costs is None else _frontier(asked, found, costs),
        paraphrases=_steady(asked, found, who, many, step),
    )


def shares(experts: Sequence[str], who: Integers) -> dict[str, float]:
    """The share of prompts that each expert gets, the largest first."""
    counts = {name: float((who == j).mean()) if len(who) else 0.0 for j, name in enumerate(experts)}
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def _gap(how: Quality | None) -> tuple[float, float, float] | None:
    """The share of the way from best single expert to oracle, and its 95 % interval."""
    if how is None or how.oracle <= how.best:
        return None
    room = how.oracle - how.best
    return how.gain / room, how.low / room, how.high / room


def _categories(asked: Asked, found: Answers) -> Categories | None:
    learned, true = asked.learned, asked.ratings.categories
    known = [i for i, one in enumerate(true) if one in learned.categories]
    if not known:
        return None
    right = np.array([found.taken[i] == true[i] for i in known])
    strange = np.array([true[i] == learned.strange for i in known])
    confidence = found.confidence[known].astype(np.float32)
    error, bins = calibration(confidence, (right & ~strange).astype(np.float32))
    table = confusion([true[i] for i in known], [found.taken[i] for i in known])
    return Categories(
        prompts=len(known),
        others=sum(1 for one in true if one) - len(known),
        accuracy=float(right.mean()),
        calibration_error=error,
        bins=bins,
        out_of_scope=_out_of_scope(strange, confidence),
        names=table.categories,
        confusion=table.counts.tolist(),
    )


def _out_of_scope(strange: npt.NDArray[np.bool_], confidence: Floats) -> float | None:
    """How well confidence tells prompts in scope from others; None: there are not both."""
    if strange.all() or not strange.any():
        return None
    return auroc(confidence[~strange], confidence[strange])


def _kinds(asked: Asked, found: Answers, who: Integers) -> list[Kind]:
    ratings = asked.ratings
    kinds: list[Kind] = []
    for category in sorted({one for one in ratings.categories if one}):
        rows = np.array([i for i, one in enumerate(ratings.categories) if one == category])
        right = [found.taken[i] == category for i in rows]
        got = best = np.full(len(rows), np.nan, dtype=np.float32)
        if len(who):
            got, best = ratings.scores[rows, who[rows]], ratings.scores[rows, asked.best]
        knows = category in asked.learned.categories
        kinds.append(
            Kind(
                category,
                len(rows),
                sum(right) / len(rows) if knows else None,
                _mean(got),
                _mean(best),
            )
        )
    return kinds


def _mean(scores: Floats) -> float | None:
    known = scores[~np.isnan(scores)]
    return float(known.mean()) if len(known) else None


def _frontier(asked: Asked, found: Answers, costs: Mapping[str, float]) -> Frontier | None:
    asked, found = complete(asked, found)
    if not len(asked.ratings) or len(set(costs.values())) < 2:
        return None
    table = weighed(asked, found, cost=costs)
    scores, rows = asked.ratings.scores, np.arange(len(asked.ratings))
    points: list[Point] = []
    for dial in DIALS:
        who = chosen(table, dial)
        points.append(Point(dial, float(table.cost[who].mean()), float(scores[rows, who].mean())))
    alone = single(scores, table.cost)
    least, most = float(table.cost.min()), float(table.cost.max())
    return Frontier(
        prompts=len(asked.ratings),
        area=aiq(points, least, most),
        single_area=aiq(alone, least, most),
        cost=points[0].cost,
        points=points,
        single=alone,
    )


def _steady(asked: Asked, found: Answers, who: Integers, many: int, step: Step) -> dict[str, float]:
    """Of each kind of paraphrase, the share of prompts that go to the same expert as before; where
    there are no experts, that are taken for the same category.
    """
    prompts = asked.ratings.prompts
    rows = np.unique(np.linspace(0, len(prompts) - 1, min(many, len(prompts))).astype(int))
    same = dict.fromkeys(KINDS, 0)
    for done, i in enumerate(rows if many else ()):
        for kind, text in paraphrases(prompts[i]):
            again = asked.learned.predict(text)
            if not len(who):
                same[kind] += again.category == found.taken[i]
                continue
            expected = np.array([[again.scores[name] for name in asked.ratings.experts]])
            sure = np.array([again.confidence])
            one = Answers(expected, (again.category,), sure, 0.0)
            same[kind] += int(chosen(weighed(asked, one))[0] == who[i])
        step("paraphrases", done + 1, len(rows))
    return {kind: count / len(rows) for kind, count in same.items()} if many else {}
