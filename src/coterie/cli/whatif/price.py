"""Which set-up is the cheapest: by nodes, then by hot memory in all, and so on; or by a price.

`--price node-hour=30 --price GiB-hour=0.05` is what a node, and a GiB of its hot memory, cost for
an hour, in any currency. Without one, fewer nodes are cheaper than less memory, whatever that is.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from coterie.cli.whatif.changed import hot_bytes
from coterie.cli.whatif.sweeps import size_text
from coterie.config import Composition, nearest
from coterie.errors import BadRequest

GIB = 1024**3
_NUMBER = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?", re.ASCII)
_NAMES = {"node-hour": "node_hour", "GiB-hour": "gib_hour"}


class Price(Struct, frozen=True):
    """Of an hour, in any currency; both 0: there is no price."""

    node_hour: float = 0.0
    gib_hour: float = 0.0

    @property
    def is_given(self) -> bool:
        return bool(self.node_hour or self.gib_hour)


FREE = Price()


class Cost(NamedTuple):
    """What a set-up costs: compared from the first to the last. `hour` is 0 without a price;
    `slots` are those of all experts' replicas together.
    """

    hour: float
    nodes: int
    hot_bytes: int
    host_bytes: int
    slots: int

    def __str__(self) -> str:
        nodes = "1 node" if self.nodes == 1 else f"{self.nodes} nodes"
        said = f"{nodes} with {size_text(self.hot_bytes)} hot in all"
        return f"{said}, {self.hour:,.2f} an hour" if self.hour else said


def parse(texts: Sequence[str]) -> Price:
    """The price of a command. Raises BadRequest, saying what was expected."""
    found: dict[str, float] = {}
    for text in texts:
        name, equals, number = (part.strip() for part in text.partition("="))
        if not equals or name not in _NAMES:
            hint = nearest(name, list(_NAMES)) if equals else ""
            raise _wrong(f"expected node-hour=30 or GiB-hour=0.05, not {text[:60]!r}{hint}")
        if _NAMES[name] in found:
            raise _wrong(f"{name!r} is given twice")
        if not _NUMBER.fullmatch(number):
            raise _wrong(f"{name!r}: expected a number such as 0.05, not {number[:60]!r}")
        found[_NAMES[name]] = float(number)
    return Price(**found)


def cost(composition: Composition, price: Price = FREE) -> Cost:
    """Of the machines and slots of a composition."""
    hot = hot_bytes(composition.nodes)
    nodes = len(composition.nodes)
    return Cost(
        hour=price.node_hour * nodes + price.gib_hour * hot / GIB,
        nodes=nodes,
        hot_bytes=hot,
        host_bytes=sum(node.host for node in composition.nodes),
        slots=sum(expert.parallel * expert.replicas for expert in composition.experts),
    )


def _wrong(message: str) -> BadRequest:
    return BadRequest(f"`--price` is wrong: {message}", "price")
