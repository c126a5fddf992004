"""A warning: what is the matter, why, and what to do about it."""

from typing import Literal

from msgspec import Struct

MOST_NAMES = 4
"""So many names are told in one."""

Kind = Literal[
    "misfit",
    "absent",
    "crowded_out",
    "pins",
    "one_node",
    "one_device",
    "bound_to_node",
    "full",
    "host",
    "disk",
    "alone",
    "flow",
    "budget",
    "wait",
    "deadline",
    "thrash",
    "overload",
    "queue",
    "refused",
]
Level = Literal["serious", "notable"]


class Caution(Struct, frozen=True):
    """`serious`: requests will fail for it, or many be refused; `notable`: they will be slower, or
    it is a risk. `subject` is the expert, device, node or flow that it is about.
    """

    kind: Kind
    level: Level
    subject: str
    message: str
    advice: str
