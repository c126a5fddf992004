"""The least of a row of values with which a target is met, in as few looks as that takes.

Where more is never worse, the target is missed up to some value and met from there on. That is
checked where it was looked: at both ends, on the way, beside what is found, and at quarters where
nothing is found. Where it does not hold, all values are looked at.
"""

from collections.abc import Generator, Mapping, Sequence

from msgspec import Struct


class Least(Struct, frozen=True):
    """`index` of the least value that meets the target; None: none does. `is_monotone`: wherever it
    was looked, more was never worse.
    """

    index: int | None
    is_monotone: bool


def least(count: int) -> Generator[Sequence[int], Mapping[int, bool], Least]:
    """Yields the places to look at, and is sent whether the target is met at each of them. Returns
    the least of `count` at which it is.

    At most 6 + log2(count) places, where more is never worse.
    """
    assert count > 0
    seen: dict[int, bool] = {}

    def unseen(*places: int) -> list[int]:
        return [
            place for place in dict.fromkeys(places) if 0 <= place < count and place not in seen
        ]

    seen.update((yield unseen(0, count - 1)))
    low, high = -1, count
    if seen[0]:
        high = 0
    elif seen[count - 1]:
        low, high = 0, count - 1
    else:
        low = count - 1
        # Is it met where there is less?
        if asked := unseen(count // 4, count // 2, 3 * count // 4):
            seen.update((yield asked))
    while high - low > 1 and _is_monotone(seen):
        middle = (low + high) // 2
        seen.update((yield unseen(middle)))
        low, high = (low, middle) if seen[middle] else (middle, high)
    if asked := unseen(high - 2, high - 1, high + 1):
        seen.update((yield asked))
    if _is_monotone(seen):
        return Least(high if high < count else None, True)
    if asked := unseen(*range(count)):
        seen.update((yield asked))
    return Least(min((place for place, is_met in seen.items() if is_met), default=None), False)


def _is_monotone(seen: Mapping[int, bool]) -> bool:
    """Nowhere above a place where it is met is it missed."""
    best = min((place for place, is_met in seen.items() if is_met), default=None)
    return best is None or all(is_met for place, is_met in seen.items() if place > best)
