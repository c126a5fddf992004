"""A fitted router asked about rated prompts: which of its experts count, and what it expects."""

import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console

from coterie.cli.route.labels import scored
from coterie.cli.route.progress import Step
from coterie.errors import RatingsInvalid
from coterie.router.artefact import read_router, said_of
from coterie.router.dial import Doubles, Weighed
from coterie.router.learned import Learned
from coterie.router.ratings import Ratings, read_ratings
from coterie.router.seen import share_seen
from coterie.router.utility import costs

MAP = "map"
MUCH_SEEN = 0.1


class Asked(NamedTuple):
    """A router, and ratings of those experts that both know. `best`: the column of the single
    expert that was best on what the router was fitted to; -1: there is none.
    """

    learned: Learned
    ratings: Ratings
    best: int


class Answers(NamedTuple):
    """What a router says of n prompts. `expected`: n x m; `taken`: the categories that it takes
    them for; `confidence`: n; `ms`: what the median prompt took.
    """

    expected: Doubles
    taken: tuple[str, ...]
    confidence: Doubles
    ms: float


def opened(router: Path, files: Sequence[Path], experts: Sequence[str], console: Console) -> Asked:
    """The router and the ratings. What is left out, and whether the router has seen the prompts, is
    told on the console. Raises RouterInvalid, RatingsInvalid.
    """
    learned = read_router(router)
    fitted = said_of(router).fitted
    ratings = read_ratings(files)
    if not ratings.experts and MAP in fitted:
        ratings = scored(ratings, fitted[MAP])
    shared = _shared(learned.experts, ratings.experts, experts)
    for names, why in (
        ([one for one in ratings.experts if one not in learned.experts], "not fitted for them"),
        ([one for one in learned.experts if one not in ratings.experts], "they have no scores"),
    ):
        if names:
            told(console, f"left out: {', '.join(names)}: {why}")
    seen = share_seen(fitted, ratings.prompts)
    if seen > MUCH_SEEN:
        told(
            console,
            f"warning: the router was fitted to about {seen * 100:.0f} % of these prompts: they "
            "are not held back, and it will look better than it is",
        )
    best = max(range(len(shared)), key=lambda j: learned.priors[shared[j]], default=-1)
    return Asked(learned, ratings.only(shared), best)


def answers(asked: Asked, step: Step) -> Answers:
    """What the router says of each prompt."""
    learned, prompts = asked.learned, asked.ratings.prompts
    expected = np.zeros((len(prompts), len(asked.ratings.experts)))
    taken: list[str] = []
    confidence: list[float] = []
    took: list[float] = []
    for i, prompt in enumerate(prompts):
        began = time.perf_counter()
        found = learned.predict(prompt)
        took.append(time.perf_counter() - began)
        expected[i] = [found.scores[name] for name in asked.ratings.experts]
        taken.append(found.category)
        confidence.append(found.confidence)
        step("prompts", i + 1, len(prompts))
    return Answers(expected, tuple(taken), np.array(confidence), statistics.median(took) * 1000)


def weighed(
    asked: Asked,
    found: Answers,
    *,
    cost: Mapping[str, float] | None = None,
    seconds: Mapping[str, float] | None = None,
    otherwise: str = "",
) -> Weighed:
    """What a route weighs, with a generalist: the best single expert if no other is named."""
    experts, learned = asked.ratings.experts, asked.learned
    parts = costs(experts, cost or {}, {})
    sure = np.ones(len(found.confidence))
    return Weighed(
        experts,
        found.expected,
        np.array([parts[name] for name in experts]),
        np.array([(seconds or {}).get(name, 0.0) for name in experts]),
        found.confidence if learned.categories else sure,
        np.array([bool(learned.strange) and one == learned.strange for one in found.taken]),
        experts.index(otherwise) if otherwise else asked.best,
    )


def complete(asked: Asked, found: Answers) -> tuple[Asked, Answers]:
    """Those prompts on which every expert was measured."""
    rows = np.flatnonzero(~np.isnan(asked.ratings.scores).any(axis=1))
    taken = tuple(found.taken[i] for i in rows)
    part = Answers(found.expected[rows], taken, found.confidence[rows], found.ms)
    return asked._replace(ratings=asked.ratings.take(rows)), part


def told(console: Console, line: str) -> None:
    console.print(line, soft_wrap=True, highlight=False, markup=False)


def _shared(fitted: Sequence[str], rated: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Experts that both know, of those that are wanted. Raises RatingsInvalid."""
    for name in wanted:
        for names, where in ((fitted, "the router"), (rated, "the ratings")):
            if name not in names:
                raise RatingsInvalid(
                    f"expert {name!r} is not in {where}: there are {', '.join(names) or 'none'}"
                )
    shared = [one for one in fitted if one in (wanted or rated)]
    if rated and not shared:
        raise RatingsInvalid(
            f"the router was fitted for {', '.join(fitted) or 'no experts'}, and the ratings are "
            f"of {', '.join(rated)}: none is in both; fit it to ratings of these"
        )
    return shared
