"""What a request would meet at an expert, in one line: for those who choose between experts before
they ask. Looks; changes nothing.
"""

from coterie.scheduler.admission import is_unavailable
from coterie.scheduler.forecast import ways
from coterie.scheduler.records import ExpertRecord, RequestRecord, Way
from coterie.scheduler.status import Outlook, Where
from coterie.scheduler.world import World


def outlook(world: World, expert: ExpertRecord, request: RequestRecord, now: float) -> Outlook:
    """The quickest way to be answered by `expert`."""
    size = sum(part.size_bytes for part in expert.measured) or expert.footprint.hot_bytes
    if is_unavailable(expert, now):
        return Outlook(expert.name, hot_bytes=size, reason=expert.reason)
    way = ways(world, expert, request, now)[0]
    where = _where(world, expert, way)
    known = bool(expert.load.count or world.costs.seconds_per_byte.count)
    return Outlook(
        expert.name,
        where,
        way.first_s,
        way.last_s,
        known or where == "resident",
        size,
        way.reason,
    )


def _where(world: World, expert: ExpertRecord, way: Way) -> Where:
    if way.how in ("hot", "turn"):
        return "resident"
    if way.how == "unavailable":
        return "unavailable"
    if way.how == "loading" or expert.name in world.claims:
        return "loading"
    return "evicts" if way.reason else "room"
