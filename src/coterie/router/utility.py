"""What each candidate is worth for a prompt, in points of quality, and who is chosen.

    utility = quality - economy x (cost / dearest + seconds / patience)

*Quality* is the learned score where the route has a learned router (an expert that it was not
fitted for counts as the least of those it was), plus the points of rules, plus what examples say: a
category's own expert is worth CATEGORY points times its probability (BESIDE_LEARNED where learned
scores are there as well), the generalist, who answers anything fairly, GENERALIST of that in every
category, and all of it where the prompt is of none.

*Seconds* are to the first token of a stream, else to the last, by the scheduler's own predictions.
Where nothing is known of loads yet, where an expert is stands in for them (`LADDER`, in parts of
`patience`), as the Gateway API Inference Extension scores adapters: 1 resident, 0.8 room is free,
0.6 being loaded, 0 another one has to go.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from coterie.scheduler.status import Outlook, Where

CATEGORY = 0.5
BESIDE_LEARNED = 0.2
GENERALIST = 0.5
UNKNOWN = 0.5  # the quality of everybody where nothing was learned
LADDER: Mapping[Where, float] = {
    "resident": 1.0,
    "room": 0.8,
    "loading": 0.6,
    "evicts": 0.0,
    "unavailable": 0.0,
}


class Candidate(Struct, frozen=True):
    """One who may answer: its expected quality, its cost as a part of the dearest's, the seconds
    until it would have answered, its utility; `excluded`: why it may not answer after all.
    """

    expert: str
    quality: float = 0.0
    cost: float = 0.0
    seconds: float = 0.0
    resident: bool = False
    utility: float = 0.0
    excluded: str = ""


def qualities(
    names: Sequence[str],
    otherwise: str,
    learned: Mapping[str, float],
    shares: Mapping[str, float],
    points: Mapping[str, float],
) -> dict[str, float]:
    """The expected quality of each of `names`. `shares`: how probably examples mean each of them;
    empty: there are none.
    """
    scores = [learned[name] for name in names if name in learned]
    unknown = min(scores, default=UNKNOWN)
    weight = BESIDE_LEARNED if scores else CATEGORY
    named = sum(shares.values())
    found: dict[str, float] = {}
    for name in names:
        quality = learned.get(name, unknown) + points.get(name, 0.0)
        if shares:
            share = shares.get(name, 0.0)
            if name == otherwise:
                share += (1.0 - named) + GENERALIST * (named - share)
            quality += weight * share
        found[name] = quality
    return found


def costs(
    names: Iterable[str], said: Mapping[str, float], sizes: Mapping[str, int]
) -> dict[str, float]:
    """What each costs, as a part of the dearest, from 0 to 1: as it is said, where it is said of
    all; else by bytes. What is not known counts as nothing.
    """
    names = tuple(names)
    known: Mapping[str, float] = said if all(said.get(name) for name in names) else sizes
    dearest = max((known.get(name, 0) for name in names), default=0)
    return {name: known.get(name, 0) / dearest if dearest else 0.0 for name in names}


def seconds_of(outlook: Outlook, patience: float, *, streams: bool) -> float:
    """Until it would have answered: as predicted, or as a rung of the ladder."""
    predicted = outlook.first_s if streams else outlook.last_s
    if outlook.known:
        return predicted
    return predicted + (1.0 - LADDER[outlook.where]) * patience


def utility(quality: float, cost: float, seconds: float, economy: float, patience: float) -> float:
    waits = seconds / patience if patience else 0.0
    return quality - economy * (cost + waits)


def best(candidates: Iterable[Candidate], margin: float) -> Candidate | None:
    """The most useful of those who may answer; of those within `margin` of it, one that is
    resident, if any is. None: nobody may.
    """
    able = [one for one in candidates if not one.excluded]
    if not able:
        return None
    most = max(one.utility for one in able)
    equals = [one for one in able if one.utility >= most - margin]
    return min(equals, key=lambda one: (not one.resident, -one.utility, one.seconds, one.expert))
