"""From one placement to another, step by step: after each of them, everything fits.

A replica is unloaded only to make room, or at the end. The last replica of an expert that is asked
for and is to be elsewhere stays until it is there; until then the expert has one replica more than
it may have. Where replicas wait for each other's room in a circle, one is loaded on a third device
meanwhile, if there is room and bytes may be moved for it; else one is unloaded too early, and the
step says so.
"""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from coterie.planner.recomposition.board import Board
from coterie.planner.recomposition.layout import Placement
from coterie.planner.recomposition.question import Question

FEW = 12
SEARCHED = 2_000
"""Of few loads, so many orders are looked at before they count as a circle."""


class Step(Struct, frozen=True):
    """One load or unload. `size_bytes`: what it copies onto the device, or frees there; `load_s`:
    how long a load takes. `staged`: of a replica that is only there meanwhile. `interrupts`: the
    expert is asked for, and is nowhere until a later step loads it again.
    """

    action: Literal["load", "unload"]
    expert: str
    device: str
    size_bytes: int
    load_s: float = 0.0
    staged: bool = False
    interrupts: bool = False
    reason: str = ""


def steps_of(question: Question, target: Placement) -> tuple[Step, ...]:
    """The steps to a placement that fits. Loads of experts that wait for them most come first."""
    return tuple(_Way(question, target).steps())


class _Way:
    def __init__(self, question: Question, target: Placement) -> None:
        layout = question.layout
        self._question = question
        self._layout = layout
        self._target = target
        self._board = Board(question, target)
        moved_bytes, _ = layout.moved(target)
        budget = question.options.budget_bytes
        self._spare = None if budget is None else budget - moved_bytes
        self._staged: set[int] = set()

    def steps(self) -> Iterator[Step]:
        board = self._board
        yield from self._relieve()
        while board.missing():
            for pair in _order(board):
                gone = board.copy().make_room(pair)
                for one in gone or ():
                    yield self._unload(one)
                yield self._load(pair)
            if board.missing():
                yield from self._break()
        for pair in sorted(
            board.there - board.target, key=lambda one: (one not in self._staged, one)
        ):
            yield self._unload(pair)

    def _relieve(self) -> Iterator[Step]:
        """Where more is held than fits, what is to go goes at once."""
        board = self._board
        while full := [place for place, free in enumerate(board.free) if free < 0]:
            found = board.leaving(full)
            if not found:
                return
            safe = [pair for pair in found if not board.is_last(pair)]
            yield self._unload((safe or found)[0])

    def _break(self) -> Iterator[Step]:
        """Ends a circle: by a copy on a third device, else by unloading somebody too early."""
        board = self._board
        blocked = board.missing()
        places = sorted({place for pair in blocked for place in board.lacks(pair)})
        leaving = board.leaving(places)
        stuck = [pair for pair in leaving if board.is_last(pair)] or leaving
        rates = self._question.rates
        stuck.sort(key=lambda pair: (rates[self._layout.pairs[pair].expert], pair))
        for pair in stuck:
            for other in self._layout.of_expert[self._layout.pairs[pair].expert]:
                gone = self._room_to_stage(other, pair)
                if gone is not None:
                    for one in gone:
                        yield self._unload(one)
                    self._staged.add(other)
                    if self._spare is not None:
                        self._spare -= self._layout.copied(other, board.holders)
                    yield self._load(other)
                    yield self._unload(pair)
                    return
        yield self._unload(stuck[0])

    def _room_to_stage(self, pair: int, instead_of: int) -> list[int] | None:
        """What to unload so that a replica can be here while it makes room where it was; None: it
        cannot.
        """
        after, layout = self._board.copy(), self._layout
        if pair in after.there or pair in after.target or not layout.may[pair]:
            return None
        gone = after.make_room(pair)
        copied = layout.copied(pair, after.holders)
        if gone is None or (self._spare is not None and copied > self._spare):
            return None
        after.load(pair)
        after.unload(instead_of)
        return gone if _order(after) else None

    def _load(self, pair: int) -> Step:
        load_s = self._layout.load_s(pair, self._board.holders)
        size_bytes = self._board.load(pair)
        return self._step("load", pair, size_bytes, load_s)

    def _unload(self, pair: int) -> Step:
        last = self._board.is_last(pair)
        return self._step("unload", pair, self._board.unload(pair), interrupts=last)

    def _step(
        self,
        action: Literal["load", "unload"],
        pair: int,
        size_bytes: int,
        load_s: float = 0.0,
        interrupts: bool = False,
    ) -> Step:
        one = self._layout.pairs[pair]
        return Step(
            action,
            self._layout.experts[one.expert].name,
            self._layout.devices[one.device].device,
            size_bytes,
            load_s,
            staged=pair in self._staged,
            interrupts=interrupts,
        )


def _order(board: Board) -> list[int]:
    """As many of the loads that are left as can be done one after another without a gap in service,
    in an order that does so: the most urgent that can be done is done, and where that leads
    nowhere, and they are few, other orders are searched.
    """
    first = sorted(board.missing(), key=lambda pair: _urgency(board, pair))
    best = _as_they_come(board.copy(), first)
    if len(first) > FEW:
        return best
    seen: set[frozenset[int]] = set()
    open_: list[tuple[list[int], Board]] = [([], board.copy())]
    while open_ and len(seen) < SEARCHED and len(best) < len(first):
        done, here = open_.pop()
        if len(done) > len(best):
            best = done
        for pair in reversed(first):
            after = here.copy()
            if pair in after.there or after.make_room(pair) is None:
                continue
            after.load(pair)
            key = frozenset(after.there)
            if key not in seen:
                seen.add(key)
                open_.append(([*done, pair], after))
    return best


def _as_they_come(board: Board, first: list[int]) -> list[int]:
    done: list[int] = []
    left = list(first)
    while left:
        for pair in left:
            if board.make_room(pair) is not None:
                break
        else:
            return done
        board.load(pair)
        done.append(pair)
        left.remove(pair)
    return done


def _urgency(board: Board, pair: int) -> tuple[bool, float, int]:
    """Experts that are nowhere come first, then those asked for most."""
    expert = board.layout.pairs[pair].expert
    return board.replicas[expert] > 0, -board.question.rates[expert], pair
