"""What was found out about a prompt before anybody is chosen: its category, and scores."""

from msgspec import Struct, field


class Evidence(Struct, frozen=True):
    """`category`: empty where none is known; `confidence`: of the category, from 0 to 1,
    calibrated; `scores`: the quality expected of experts, from 0 to 1, of those that anything is
    known of.
    """

    category: str = ""
    confidence: float = 0.0
    scores: dict[str, float] = field(default_factory=dict)
