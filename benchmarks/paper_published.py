"""What the SN40L paper prints (arXiv 2405.07518v2, MICRO 2024), only to be compared with.

Latencies of figure 12 are read off the coordinates of its drawing, to about a millisecond.
"""

from msgspec import Struct


class Curve(Struct, frozen=True):
    """A curve of figure 12: milliseconds while all experts fit into HBM, and beyond. `last_fit` is
    the last of the drawn numbers of experts before the step (None: there is none), `out_of_memory`
    the one with a cross (None: none has).
    """

    fits_ms: float
    spilled_ms: float
    last_fit: int | None
    out_of_memory: int | None = None


class Ratio(Struct, frozen=True):
    """A row of table V: how many times as fast the SN40L node is."""

    metric: str
    over_a100: float
    over_h100: float
    batch: int = 1
    output_tokens: int = 0
    kind: str = "overall"


TABLE_5 = (
    Ratio("overall, 8 prompts, 20 tokens", 6.6, 3.7, 8, 20),
    Ratio("overall, 1 prompt, 20 tokens", 4.8, 2.8, 1, 20),
    Ratio("expert alone, 20 tokens", 2.0, 1.5, 1, 20, "expert"),
    Ratio("overall, 8 prompts, 200 tokens", 4.2, 2.7, 8, 200),
    Ratio("overall, 1 prompt, 200 tokens", 3.9, 2.6, 1, 200),
    Ratio("expert alone, 200 tokens", 3.2, 2.3, 1, 200, "expert"),
    Ratio("switching", 31.0, 15.0, kind="switch"),
)
SWITCH_OVER_H100_IN_THE_TEXT = 16.0

FIGURE_12 = {
    ("DGX A100", 1): Curve(273.3, 711.2, 45, 150),
    ("DGX A100", 8): Curve(1230.3, 4733.0, 40, 150),
    ("DGX H100", 1): Curve(195.5, 414.4, 45, 150),
    ("DGX H100", 8): Curve(880.0, 2631.3, 40, 150),
    ("SN40L", 1): Curve(133.6, 147.6, 35),
    ("SN40L", 8): Curve(713.5, 713.5, None),
}
EXPERTS_12 = (*range(10, 101, 5), 150)
MORE_EXPERTS_12 = {"SN40L": (200, 400)}

EXPERTS_13 = range(10, 901, 10)
LAST_13 = {
    "DGX": (
        *(40, 90, 130, 180, 220, 270, 310, 360, 410, 450),
        *(500, 540, 590, 630, 680, 730, 770, 820, 860, 900),
    ),
    "SN40L": (870, 900),
}
"""Of figure 13: the last number of experts that one node serves, then two, and so on."""


def nodes_13(machine: str, experts: int) -> int:
    """The nodes that figure 13 draws for so many experts."""
    return 1 + sum(last < experts for last in LAST_13[machine])
