"""What eviction alone comes to, where requests are answered one after another: bounds to see a
scheduler's loads against. Experts are of one size, and so many of them fit.

Each function takes the experts that are asked for, in order, and answers with the number of loads.
"""

from collections import Counter, OrderedDict, deque
from collections.abc import Sequence
from math import inf

from msgspec import Struct


class Loads(Struct, frozen=True):
    """How many loads, and how often each request was overtaken by a later one."""

    count: int
    overtaken: Sequence[int]


def static(asked: Sequence[str], room: int) -> int:
    """Those asked for most are always there, and in no need of a load; all others are loaded each
    time.
    """
    always = {name for name, _ in Counter(asked).most_common(room)}
    return sum(name not in always for name in asked)


def lru(asked: Sequence[str], room: int) -> int:
    """The least recently used makes room."""
    return window(asked, room, 1).count


def belady(asked: Sequence[str], room: int) -> int:
    """Whoever is asked for last makes room: no order of eviction has fewer loads (Belady, "A study
    of replacement algorithms for a virtual-storage computer", 1966).
    """
    following = [inf] * len(asked)
    last: dict[str, int] = {}
    for place in reversed(range(len(asked))):
        following[place] = last.get(asked[place], inf)
        last[asked[place]] = place
    resident: dict[str, float] = {}
    count = 0
    for name, next_at in zip(asked, following, strict=True):
        if name not in resident:
            count += 1
            if len(resident) == room:
                del resident[max(resident, key=lambda one: (resident[one], one))]
        resident[name] = next_at
    return count


def window(asked: Sequence[str], room: int, size: int, most: float = inf) -> Loads:
    """Of `size` that wait the first whose expert is resident is next; where there is none, or the
    first of all was overtaken `most` times, it is the first of all. The least recently used makes
    room.
    """
    coming, waiting = deque(enumerate(asked)), list[tuple[int, str]]()
    overtaken = [0] * len(asked)
    resident: OrderedDict[str, None] = OrderedDict()
    count = 0
    while coming or waiting:
        while coming and len(waiting) < size:
            waiting.append(coming.popleft())
        chosen = 0
        if overtaken[waiting[0][0]] < most:
            hits = (place for place, (_, name) in enumerate(waiting) if name in resident)
            chosen = next(hits, 0)
        for number, _ in waiting[:chosen]:
            overtaken[number] += 1
        _, name = waiting.pop(chosen)
        if name not in resident:
            count += 1
            if len(resident) == room:
                resident.popitem(last=False)
        resident[name] = None
        resident.move_to_end(name)
    return Loads(count, overtaken)
