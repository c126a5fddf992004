"""Settings of a route, each with what it comes to on rated prompts, and the ones to take.

`economy` is swept in squares, closer together near 0, where most of the choice lies. `confidence`
is then the highest threshold that costs next to nothing at that economy, and leaves few prompts to
the generalist: what it is for, prompts unlike all of these, cannot be measured on these.
"""

from typing import NamedTuple

import numpy as np
from msgspec import Struct

from coterie.cli.route.measured import shares
from coterie.router.dial import Weighed, chosen, reached, single, unsure, worth
from coterie.router.embedders import Floats, Integers
from coterie.router.evaluate import Point, hull

THRESHOLDS = tuple(round(0.05 * i, 2) for i in range(20))
LITTLE = 0.001  # of what answers are worth, and
FEW = 0.1  # of prompts, may a threshold cost
KEEPS = (1.0, 0.99)


class Question(NamedTuple):
    """What is weighed, the `scores` that answers got (n x m), and who is `best` alone."""

    weighed: Weighed
    scores: Floats
    best: int
    patience: float


class Setting(Struct, frozen=True):
    """A setting, and what it comes to: means over the prompts. `cost`: a part of the dearest's;
    `of_best`, `cost_of_best`: parts of those of the best single expert; `unsure`: the share that
    the generalist answers because nothing else is sure.
    """

    economy: float
    confidence: float
    quality: float
    of_best: float
    cost: float
    cost_of_best: float
    seconds: float
    unsure: float
    worth: float
    goes_to: dict[str, float]


class Alone(Struct, frozen=True):
    """A single expert; `on_hull`: no other, and no drawing of lots between two, is better."""

    expert: str
    quality: float
    cost: float
    seconds: float
    on_hull: bool


class Tuned(Struct, frozen=True):
    """`keeps`: the cheapest setting that keeps so much of the best single expert's quality, if any
    does; `in_turns`: what single experts reach in turns at the cost of what is suggested.
    """

    prompts: int
    best: str
    generalist: str
    settings: list[Setting]
    keeps: dict[str, Setting | None]
    thresholds: list[Setting]
    suggested: Setting
    in_turns: float
    single: list[Alone]

    @property
    def points(self) -> list[Point]:
        return [Point(one.economy, one.cost, one.quality) for one in self.settings]

    @property
    def alone(self) -> list[Point]:
        return [Point(float(i), one.cost, one.quality) for i, one in enumerate(self.single)]


def tuned(question: Question, steps: int) -> Tuned:
    """The dial in so many steps from 0 to 1, then thresholds at the one that is taken."""
    weighed = question.weighed
    dials = [round(float(one), 4) for one in np.linspace(0, 1, steps) ** 2]
    settings = [_setting(question, dial, 0.0) for dial in dials]
    keeps = {f"{share * 100:.0f} %": _cheapest(settings, share) for share in KEEPS}
    taken = next((one for one in keeps.values() if one is not None), settings[0])
    thresholds = [_setting(question, taken.economy, one) for one in THRESHOLDS]
    most = max(one.worth for one in thresholds)
    able = [one for one in thresholds if one.worth >= most - LITTLE and one.unsure <= FEW]
    suggested = (able or thresholds)[-1 if able else 0]
    alone = single(question.scores, weighed.cost)
    line = hull(alone)
    return Tuned(
        prompts=len(question.scores),
        best=weighed.experts[question.best],
        generalist=weighed.experts[weighed.generalist],
        settings=settings,
        keeps=keeps,
        thresholds=thresholds,
        suggested=suggested,
        in_turns=reached(alone, suggested.cost),
        single=[
            Alone(name, point.quality, point.cost, float(second), point in line)
            for name, point, second in zip(weighed.experts, alone, weighed.seconds, strict=True)
        ],
    )


def _setting(question: Question, economy: float, confidence: float) -> Setting:
    weighed, best = question.weighed, question.best
    who = chosen(weighed, economy, confidence, question.patience)
    quality = _got(question, who)
    cost = float(weighed.cost[who].mean())
    alone = float(question.scores[:, best].mean())
    return Setting(
        economy=economy,
        confidence=confidence,
        quality=quality,
        of_best=quality / alone if alone else 0.0,
        cost=cost,
        cost_of_best=cost / float(weighed.cost[best]),
        seconds=float(weighed.seconds[who].mean()),
        unsure=float(unsure(weighed, confidence).mean()),
        worth=float(worth(weighed, question.scores, who, economy, question.patience).mean()),
        goes_to=shares(weighed.experts, who),
    )


def _got(question: Question, who: Integers) -> float:
    return float(question.scores[np.arange(len(who)), who].mean())


def _cheapest(settings: list[Setting], share: float) -> Setting | None:
    """The cheapest with this share of the best single expert's quality; of equals the best."""
    enough = [one for one in settings if one.of_best >= share]
    return min(enough, key=lambda one: (one.cost, -one.quality, one.economy), default=None)
