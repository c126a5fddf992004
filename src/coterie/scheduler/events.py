"""What happened. Each event carries `at`, in seconds; the journal, the wire and the simulator use
these very types.
"""

from typing import Literal

from msgspec import Struct

from coterie.types import NO_BUDGET, Budget, Footprint, Part, Priority


class DeviceJoined(Struct, frozen=True, tag="DeviceJoined"):
    """A device (`node/name`) offers `hot_bytes`, and its node `host_bytes` of host memory (0: no
    bound).

    `parallel_runs`: replicas that may run requests at the same time; `parallel_prefills`: prompts
    that may be computed at the same time (0: no bound).
    """

    at: float
    device: str
    node: str
    hot_bytes: int
    host_bytes: int = 0
    parallel_loads: int = 1
    parallel_runs: int = 0
    parallel_prefills: int = 0


class NodeLeft(Struct, frozen=True, tag="NodeLeft"):
    """A node and all that ran on it are gone."""

    at: float
    node: str
    reason: str


class Declared(Struct, frozen=True, tag="Declared"):
    """An expert belongs to the composition, with at most `replicas` of `slots` requests. `devices`
    empty: any.
    """

    at: float
    expert: str
    slots: int = 1
    replicas: int = 1
    pinned: bool = False
    preload: bool = False
    idle_ttl_s: float = 0.0
    devices: tuple[str, ...] = ()


class TenantDeclared(Struct, frozen=True, tag="TenantDeclared"):
    """A tenant may send requests. Where several want more than there is, each gets as much of it as
    its `weight` is of theirs together.
    """

    at: float
    tenant: str
    weight: float = 1.0


class Fetched(Struct, frozen=True, tag="Fetched"):
    """An expert's weights are on disk and verified; `footprint` is the engine's estimate for one
    replica.
    """

    at: float
    expert: str
    footprint: Footprint
    fetch_s: float = 0.0


class FetchFailed(Struct, frozen=True, tag="FetchFailed"):
    at: float
    expert: str
    reason: str
    retryable: bool = True


class Arrived(Struct, frozen=True, tag="Arrived"):
    """A request for an expert. `since` is its first arrival where this is another attempt,
    `prompt_bytes` the size of what it sent, `output_tokens` the most that it asks for (0: not
    known). Where it cannot be answered within its `budget`, one of `fallbacks` may answer.
    """

    at: float
    request: str
    expert: str
    since: float = 0.0
    attempt: int = 0
    prompt_bytes: int = 0
    output_tokens: int = 0
    tenant: str = ""
    priority: Priority = "standard"
    budget: Budget = NO_BUDGET
    fallbacks: tuple[str, ...] = ()


class Cancelled(Struct, frozen=True, tag="Cancelled"):
    """The client of a waiting request left."""

    at: float
    request: str


class Began(Struct, frozen=True, tag="Began"):
    """The first byte of a dispatched request's answer has come: its prompt is computed."""

    at: float
    request: str


class Finished(Struct, frozen=True, tag="Finished"):
    """A dispatched request left its replica: answered, failed, or given up by its client."""

    at: float
    request: str
    ok: bool = True
    first_byte_s: float = 0.0
    run_s: float = 0.0
    prompt_tokens: int = 0
    output_tokens: int = 0


class Loaded(Struct, frozen=True, tag="Loaded"):
    """A replica has really generated. `hot` is what it was seen to take (empty: not measured)."""

    at: float
    replica: str
    generation: int
    load_s: float
    hot: tuple[Part, ...] = ()
    restored_tokens: int = 0  # of prompts whose KV cache was kept from before


class LoadFailed(Struct, frozen=True, tag="LoadFailed"):
    """A replica did not start, and its memory is confirmed free."""

    at: float
    replica: str
    generation: int
    reason: str
    retryable: bool = True


class Crashed(Struct, frozen=True, tag="Crashed"):
    """A replica's worker died by itself. Its memory is not confirmed free: `Unloaded` follows."""

    at: float
    replica: str
    generation: int
    reason: str


class Unloaded(Struct, frozen=True, tag="Unloaded"):
    """A replica is gone and its memory confirmed free."""

    at: float
    replica: str
    generation: int
    unload_s: float = 0.0


class Measured(Struct, frozen=True, tag="Measured"):
    """What a hot replica takes now."""

    at: float
    replica: str
    generation: int
    hot: tuple[Part, ...]


class Reported(Struct, frozen=True, tag="Reported"):
    """What a node really runs: (replica, generation) of each instance, to reconcile belief with."""

    at: float
    node: str
    running: tuple[tuple[str, int], ...]


class LoadRequested(Struct, frozen=True, tag="LoadRequested"):
    """An operator wants an expert resident now."""

    at: float
    expert: str


class Hinted(Struct, frozen=True, tag="Hinted"):
    """An expert is likely to be asked for soon: a `client` said so, or it is a `flow`'s next."""

    at: float
    expert: str
    source: Literal["client", "flow"] = "client"


class Staged(Struct, frozen=True, tag="Staged"):
    """Reading ahead has ended: `read_bytes` were not in host memory before and are there now."""

    at: float
    expert: str
    device: str
    read_bytes: int = 0
    stage_s: float = 0.0
    reason: str = ""  # why not all of it was read


class UnloadRequested(Struct, frozen=True, tag="UnloadRequested"):
    """An operator wants an expert's memory back, once its requests are done."""

    at: float
    expert: str


class PinChanged(Struct, frozen=True, tag="PinChanged"):
    at: float
    expert: str
    pinned: bool


class Tick(Struct, frozen=True, tag="Tick"):
    """The time that `Scheduler.wake_at` asked for has come."""

    at: float


Event = (
    DeviceJoined
    | NodeLeft
    | Declared
    | TenantDeclared
    | Fetched
    | FetchFailed
    | Arrived
    | Cancelled
    | Began
    | Finished
    | Loaded
    | LoadFailed
    | Crashed
    | Unloaded
    | Measured
    | Reported
    | LoadRequested
    | Hinted
    | Staged
    | UnloadRequested
    | PinChanged
    | Tick
)
