"""The life of a replica, as one literal table. No other transition exists.

    cold ──▶ loading ──▶ hot ◀──▶ draining ──▶ unloading ──▶ cold
                │         └──────────────────────▲
                └────────────────────────────────┘

A replica that is cold has no record. Its generation is drawn anew at each `loading`, so that an
answer about an earlier life is recognised and dropped.
"""

from enum import StrEnum


class Phase(StrEnum):
    LOADING = "loading"
    HOT = "hot"
    DRAINING = "draining"
    UNLOADING = "unloading"


NEXT: dict[Phase, tuple[Phase, ...]] = {
    Phase.LOADING: (Phase.HOT, Phase.UNLOADING),
    Phase.HOT: (Phase.DRAINING, Phase.UNLOADING),
    Phase.DRAINING: (Phase.HOT, Phase.UNLOADING),
    Phase.UNLOADING: (),
}


LEAVING = (Phase.DRAINING, Phase.UNLOADING)
"""The phases on the way out: whose bytes will be free."""


class Fetching(StrEnum):
    """Where an expert's weights are, before any replica can be."""

    ABSENT = "absent"
    FETCHING = "fetching"
    COLD = "cold"
    FAILED = "failed"
