"""What a router decided for a prompt, and why, as headers and `coterie route` show it."""

from msgspec import Struct, field

from coterie.router.utility import Candidate

MOST_SCORES = 3
BROKEN = "default: the router failed"
UNJUDGED = "default: the prompt was not judged"
FAILURES = (BROKEN, UNJUDGED)  # how reasons begin where something should be mended


class Decision(Struct, frozen=True):
    """Who answers, an expert or a flow. `category`: empty where none is known; `confidence`: 1
    where a rule decided; `scores`: the quality expected of the best few, where anything says
    so; `reason`: in words, beginning with `default:` where nothing but the default was left.
    """

    route: str
    expert: str
    category: str = ""
    confidence: float = 0.0
    scores: dict[str, float] = field(default_factory=dict)
    reason: str = ""
    considered: tuple[Candidate, ...] = ()


def top(candidates: tuple[Candidate, ...]) -> dict[str, float]:
    """The qualities of the best few of those who may answer, the best first."""
    able = sorted(
        (one for one in candidates if not one.excluded), key=lambda one: (-one.quality, one.expert)
    )
    return {one.expert: round(one.quality, 4) for one in able[:MOST_SCORES]}
