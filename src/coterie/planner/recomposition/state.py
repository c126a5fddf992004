"""What there is: experts, devices, and which replicas are where; and what a plan may do. Values."""

from typing import Annotated

from msgspec import Meta, Struct

from coterie.types import Footprint


class ExpertState(Struct, frozen=True):
    """An expert, as a plan needs to know it.

    `start_s`: what a load takes besides the copying of its bytes. `slots`: seconds of service a
    second that one replica can give, 0: no bound. `devices`: where it may be, as `node/device`;
    empty: anywhere. `critical`: at least two replicas, on two nodes.
    """

    name: str
    footprint: Footprint
    start_s: float = 0.0
    slots: float = 0.0
    replicas_max: int = 1
    pinned: bool = False
    critical: bool = False
    devices: tuple[str, ...] = ()


class DeviceState(Struct, frozen=True):
    """A device (`node/name`). `load_bytes_per_s`: how fast weights come onto it. `capacity`:
    seconds of service a second that it can give to all of its replicas, 0: no bound. `host_bytes`:
    host memory of its node, 0: no bound.
    """

    device: str
    node: str
    hot_bytes: int
    load_bytes_per_s: float
    capacity: float = 0.0
    host_bytes: int = 0


class State(Struct, frozen=True):
    """`replicas`: `expert@node/device` of each that is there, or is being loaded."""

    experts: tuple[ExpertState, ...]
    devices: tuple[DeviceState, ...]
    replicas: tuple[str, ...] = ()


class Options(Struct, frozen=True):
    """What a plan may do, and when it is worth it.

    A load is done only if it saves `margin` times the seconds that it takes, over the forecast's
    horizon, and a plan only if that is so with probability `certainty`. `budget_bytes`: what may be
    moved onto devices; None: no bound. `patience_s`: how long a request waits before it is refused,
    which bounds what it can cost. `nodes` bounds each search; `time_limit_s` (0: no bound) does so
    too, but what is found then hangs on how fast the machine is. `exact_pairs`: above so many pairs
    of an expert and a device, plans are packed by rule.
    """

    margin: Annotated[float, Meta(ge=0)] = 1.5
    certainty: Annotated[float, Meta(gt=0, lt=1)] = 0.8
    budget_bytes: int | None = None
    patience_s: Annotated[float, Meta(gt=0)] = 60.0
    nodes: Annotated[int, Meta(ge=1)] = 2_000
    time_limit_s: Annotated[float, Meta(ge=0)] = 0.0
    exact_pairs: int = 300
