"""Where in a device's memory each stay is drawn: addresses that no two share at a time.

The scheduler counts bytes, and real allocators put them anywhere. Here a replica takes the place
that it had before, else the smallest gap into which it fits, else several gaps.
"""

from collections.abc import Sequence

from coterie.simulator.outcome import Residence

Piece = tuple[int, int]
"""From one address to another, in bytes."""
_BEYOND = 2**63


def packed(stays: Sequence[Residence], hot_bytes: int) -> list[list[Piece]]:
    """Pieces of each stay, on a device of so many bytes. What is more than fits (parts that
    replicas share are drawn for each) lies above.
    """
    # Of what happens at one moment, leaving comes first.
    moments = sorted(
        moment
        for number, stay in enumerate(stays)
        if stay.from_s < stay.gone_s
        for moment in ((stay.from_s, 1, number), (stay.gone_s, 0, number))
    )
    found: list[list[Piece]] = [[] for _ in stays]
    gaps: list[Piece] = [(0, hot_bytes)] if hot_bytes else []
    gaps.append((hot_bytes, _BEYOND))
    last: dict[str, Piece] = {}
    for _, is_begin, number in moments:
        stay = stays[number]
        if not is_begin:
            gaps = _joined([*gaps, *found[number]], hot_bytes)
            continue
        found[number], gaps = _placed(stay.size_bytes, gaps, last.get(stay.expert))
        if len(found[number]) == 1:
            last[stay.expert] = found[number][0]
    return found


def _placed(size: int, gaps: list[Piece], before: Piece | None) -> tuple[list[Piece], list[Piece]]:
    """The pieces of what is placed, and the gaps that are left."""
    if size <= 0:
        return [], gaps
    inside = [gap for gap in gaps if gap[1] < _BEYOND]
    if before is not None and before[1] - before[0] == size:
        for gap in inside:
            if gap[0] <= before[0] and before[1] <= gap[1]:
                return [before], _without(gaps, gap, before)
    fitting = [gap for gap in inside if gap[1] - gap[0] >= size]
    if fitting:
        gap = min(fitting, key=lambda one: (one[1] - one[0], one[0]))
        piece = (gap[0], gap[0] + size)
        return [piece], _without(gaps, gap, piece)
    pieces = []
    for gap in list(gaps):
        piece = (gap[0], min(gap[1], gap[0] + size))
        pieces.append(piece)
        gaps = _without(gaps, gap, piece)
        size -= piece[1] - piece[0]
        if not size:
            break
    return pieces, gaps


def _without(gaps: list[Piece], gap: Piece, piece: Piece) -> list[Piece]:
    rest = [(gap[0], piece[0]), (piece[1], gap[1])]
    left = [one for one in gaps if one != gap] + [one for one in rest if one[0] < one[1]]
    return sorted(left)


def _joined(gaps: list[Piece], hot_bytes: int) -> list[Piece]:
    """Neighbours as one, but for what lies beyond the device's end."""
    found: list[Piece] = []
    for gap in sorted(gaps):
        if found and found[-1][1] == gap[0] != hot_bytes:
            found[-1] = (found[-1][0], gap[1])
        else:
            found.append(gap)
    return found
