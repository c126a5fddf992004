"""Which experts to deploy: what is asked, and what a choice is worth, computed exactly.

An answer for category c by expert j is worth its expected quality, less `second_price` for each
second that is expected to be waited for it: `answer_s`, and, where only some of the chosen experts
are resident, `load_s` if j is not. That is the dearest case, each such request a switch of its own;
a scheduler that groups requests switches less. Each category goes to the expert of most worth, of
equals to the one of fewer bytes, then by name.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from coterie.config import format_size
from coterie.errors import PlanImpossible

Floats = npt.NDArray[np.float64]

LEAST_PRICE = 1e-6
"""Quality a second: of what is otherwise equal, the quicker."""


@dataclass(frozen=True)
class Candidate:
    """An expert that may be deployed. `size_bytes`: 1 or more; `active_parameters`: what computes a
    token, 0: unknown.
    """

    name: str
    size_bytes: int
    active_parameters: float = 0.0
    load_s: float = 0.0
    answer_s: float = 0.0


@dataclass(frozen=True)
class Problem:
    """K categories, m candidates. `weights`: K, 1 in all; `quality`: K x m, from 0 to 1, columns in
    the order of the candidates.

    `memory_bytes` holds all that are chosen; `hot_bytes` (0: no such bound) the residents and the
    largest of the others beside them. `most`: experts at most, 0: no bound.
    """

    candidates: tuple[Candidate, ...]
    categories: tuple[str, ...]
    weights: Floats
    quality: Floats
    memory_bytes: int
    hot_bytes: int = 0
    must: tuple[str, ...] = ()
    most: int = 0
    second_price: float = 0.0

    @property
    def price(self) -> float:
        return max(self.second_price, LEAST_PRICE)

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(one.size_bytes for one in self.candidates)

    def ordered(self) -> "Problem":
        """The same, smaller candidates first, then by name: nothing hangs on how they were listed.

        Raises PlanImpossible for a name that appears twice.
        """
        names = [one.name for one in self.candidates]
        for name in names:
            if names.count(name) > 1:
                raise PlanImpossible(f"expert {name!r} is there more than once: remove one")
        order = sorted(range(len(names)), key=lambda j: (self.candidates[j].size_bytes, names[j]))
        return replace(
            self,
            candidates=tuple(self.candidates[j] for j in order),
            quality=np.asarray(self.quality, dtype=np.float64)[:, order],
            weights=np.asarray(self.weights, dtype=np.float64),
        )


@dataclass(frozen=True)
class Plan:
    """A choice. `experts` and `residents` are in order of name; `mapping`: category to expert.

    `value` is what was maximised: `quality`, the expected score of an answer, less the price of
    `waiting_s` a request. `switches`: requests, of all, whose expert is not resident.
    `active_parameters`: the mean over requests, None where one is not known. `gap`: how much more
    value a better choice could have at most; 0: there is none.
    """

    experts: tuple[str, ...]
    residents: tuple[str, ...]
    mapping: dict[str, str]
    generalist: str
    size_bytes: int
    value: float
    quality: float
    waiting_s: float
    switches: float
    active_parameters: float | None
    gap: float = 0.0


Choice = tuple[tuple[int, ...], tuple[int, ...]]
"""The columns that are chosen, and those of them that are resident, both ascending."""


def fits(problem: Problem, choice: Choice) -> bool:
    """Whether a choice keeps every bound, in whole bytes."""
    chosen, residents = choice
    sizes = problem.sizes
    names = [problem.candidates[j].name for j in chosen]
    return (
        bool(chosen)
        and set(residents) <= set(chosen)
        and sum(sizes[j] for j in chosen) <= problem.memory_bytes
        and not (problem.most and len(chosen) > problem.most)
        and all(name in names for name in problem.must)
        and (not problem.hot_bytes or _hot_needed(sizes, choice) <= problem.hot_bytes)
    )


def _hot_needed(sizes: Sequence[int], choice: Choice) -> int:
    chosen, residents = choice
    others = [sizes[j] for j in chosen if j not in residents]
    return sum(sizes[j] for j in residents) + max(others, default=0)


def worth(problem: Problem, choice: Choice) -> float:
    """The value of a choice of an ordered problem, which the plan is to maximise."""
    chosen, residents = choice
    return float(problem.weights @ _net(problem, chosen, residents).max(axis=1))


def plan_of(problem: Problem, choice: Choice, gap: float = 0.0) -> Plan:
    """What a choice of an ordered problem means."""
    chosen, residents = choice
    best = np.array(chosen)[_net(problem, chosen, residents).argmax(axis=1)]
    weights, candidates = problem.weights, problem.candidates
    loads = np.array([0.0 if j in residents else candidates[j].load_s for j in best])
    answers = np.array([candidates[j].answer_s for j in best])
    active = np.array([candidates[j].active_parameters for j in best])
    overall = weights @ problem.quality[:, list(chosen)]
    return Plan(
        experts=_names(problem, chosen),
        residents=_names(problem, residents),
        mapping={
            category: candidates[j].name
            for category, j in zip(problem.categories, best, strict=True)
        },
        generalist=candidates[chosen[int(overall.argmax())]].name,
        size_bytes=sum(candidates[j].size_bytes for j in chosen),
        value=worth(problem, choice),
        quality=float(weights @ problem.quality[np.arange(len(best)), best]),
        waiting_s=float(weights @ (loads + answers)),
        switches=float(weights @ np.array([j not in residents for j in best], dtype=np.float64)),
        active_parameters=float(weights @ active) if (active > 0).all() else None,
        gap=gap,
    )


def _net(problem: Problem, chosen: Sequence[int], residents: Sequence[int]) -> Floats:
    """K x the chosen: what an answer is worth."""
    waits = [
        problem.candidates[j].answer_s + (0.0 if j in residents else problem.candidates[j].load_s)
        for j in chosen
    ]
    net: Floats = problem.quality[:, list(chosen)] - problem.price * np.array(waits)
    return net


def _names(problem: Problem, columns: Iterable[int]) -> tuple[str, ...]:
    return tuple(sorted(problem.candidates[j].name for j in columns))


def check_possible(problem: Problem) -> None:
    """Raises PlanImpossible, saying what to change, where no choice keeps every bound."""
    if not problem.candidates:
        raise PlanImpossible("there is no expert to choose from: name some")
    by_name = {one.name: one for one in problem.candidates}
    for name in problem.must:
        if name not in by_name:
            raise PlanImpossible(
                f"expert {name!r} must be deployed and is not known: there are "
                f"{', '.join(sorted(by_name))}"
            )
    needed = sum(by_name[name].size_bytes for name in dict.fromkeys(problem.must))
    if needed > problem.memory_bytes:
        raise PlanImpossible(
            f"the experts that must be deployed take {format_size(needed)}, and there are "
            f"{format_size(problem.memory_bytes)}: give more memory, or leave one out"
        )
    if problem.most and len(set(problem.must)) > problem.most:
        raise PlanImpossible(
            f"{len(set(problem.must))} experts must be deployed, and at most {problem.most} may be"
        )
    smallest = min(problem.candidates, key=lambda one: (one.size_bytes, one.name))
    rooms = (("memory", problem.memory_bytes), ("hot memory", problem.hot_bytes or 2**63))
    for what, room in rooms:
        if smallest.size_bytes > room:
            raise PlanImpossible(
                f"no expert fits in {format_size(room)} of {what}: the smallest, "
                f"{smallest.name!r}, takes {format_size(smallest.size_bytes)}; give more memory, "
                "or smaller weights"
            )
    for name in problem.must:
        size_bytes = by_name[name].size_bytes
        if problem.hot_bytes and size_bytes > problem.hot_bytes:
            raise PlanImpossible(
                f"expert {name!r} must be deployed and takes {format_size(size_bytes)}, more than "
                f"the {format_size(problem.hot_bytes)} of hot memory: give more, or leave it out"
            )
