"""Which expert a session asks for after which: counts that fade, a few for each expert.

A session that asks the same expert again soon may still find it where it was.
"""

from collections import OrderedDict

from msgspec import Struct, field

FADE = 0.98  # of an expert's counts, with each request that goes on from it
KEPT = 8  # followers of an expert
SESSIONS = 10_000  # whose last request is remembered; of more, the one that was quiet longest goes
TOGETHER_S = 300.0  # what comes later has nothing to do with it


class _Next(Struct):
    """Of one expert: fading counts of who came next, of requests, and of those that asked again."""

    followers: dict[str, float] = field(default_factory=dict)
    asked: float = 0.0
    again: float = 0.0
    gaps_s: float = 0.0


class Repeats(Struct, frozen=True):
    """The share of an expert's requests whose session asked for it just before, and how long before
    on average.
    """

    share: float = 0.0
    gap_s: float = 0.0


class Sessions:
    """What was seen of sessions, one request after another."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._nexts: dict[str, _Next] = {}

    def observe(self, at_s: float, expert: str, session: str) -> None:
        """A request of a session; empty: it has none, and says nothing of what follows what."""
        here = self._nexts.setdefault(expert, _Next())
        here.asked = here.asked * FADE + 1.0
        here.again *= FADE
        here.gaps_s *= FADE
        if not session:
            return
        before, before_at_s = self._last.pop(session, ("", 0.0))
        self._last[session] = (expert, at_s)
        if len(self._last) > SESSIONS:
            self._last.popitem(last=False)
        if not before or at_s - before_at_s > TOGETHER_S:
            return
        _count(self._nexts[before].followers, expert)
        if before == expert:
            here.again += 1.0
            here.gaps_s += at_s - before_at_s

    def repeats(self, expert: str) -> Repeats:
        found = self._nexts.get(expert)
        if found is None or found.again <= 0:
            return Repeats()
        return Repeats(found.again / found.asked, found.gaps_s / found.again)

    def followers(self, expert: str) -> tuple[tuple[str, float], ...]:
        """Who was asked for next, with its share, the likeliest first."""
        found = self._nexts.get(expert)
        counts = found.followers if found else {}
        total = sum(counts.values())
        shares = [(name, count / total) for name, count in counts.items()]
        return tuple(sorted(shares, key=lambda one: (-one[1], one[0])))


def _count(followers: dict[str, float], name: str) -> None:
    for other in followers:
        followers[other] *= FADE
    followers[name] = followers.get(name, 0.0) + 1.0
    if len(followers) > KEPT:
        del followers[min(followers, key=lambda other: (followers[other], other))]
