"""The one document: a `Composition` says everything that a running system is to be.

The field descriptions here and in `coterie.types` are the reference: the JSON schema for editors
and the documentation are made from them.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from coterie.config.flow import Flow
from coterie.config.route import Route
from coterie.types import NO_BUDGET, Budget, Expert, Name, Node, Priority, Seconds, Size

Label = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        extra={"expected": "at most 64 letters, digits and . _ -, first a letter or digit"},
    ),
]
Interval = Annotated[
    float, Meta(gt=0, extra={"unit": "seconds"}, extra_json_schema={"unit": "seconds"})
]
Count = Annotated[int, Meta(ge=1)]

RETRY_PAUSE_S = 0.05
"""Before a request is sent again whose replica died; doubled by each further time."""


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """The bound of every queue, wait, retry and buffer."""

    queue: Annotated[Count, Meta(description="requests that may wait in all")] = 1000
    queue_per_expert: Annotated[
        Count, Meta(description="requests that may wait for one expert")
    ] = 200
    wait: Annotated[
        Seconds, Meta(description="the longest a request waits for its expert before a 503")
    ] = 60.0
    starvation: Annotated[
        Seconds,
        Meta(description="a request that waited so long goes first, whatever the switch costs"),
    ] = 10.0
    minimum_residency: Annotated[
        Seconds,
        Meta(
            description="the least time an expert stays hot once loaded; policy `cost` keeps one "
            "that is in use at least as long as its load took"
        ),
    ] = 0.0
    body: Annotated[Size, Meta(description="the largest request body")] = 16 * 1024**2
    keepalive: Annotated[
        Interval, Meta(description="time between keepalive comments on a stream that waits")
    ] = 5.0
    stall: Annotated[
        Interval,
        Meta(description="the longest a client may take to send a body, or pause while it reads"),
    ] = 60.0
    load_base: Annotated[Interval, Meta(description="a load's deadline, whatever its size")] = 60.0
    load_per_gib: Annotated[
        Seconds, Meta(description="added to a load's deadline for each GiB of weights")
    ] = 30.0
    backoff: Annotated[
        Interval, Meta(description="pause after a first failed load; doubled by each further one")
    ] = 1.0
    backoff_max: Annotated[Interval, Meta(description="the longest such pause")] = 60.0
    attempts: Annotated[
        int,
        Meta(
            ge=0,
            le=100,
            description="times a request is sent again when its replica dies before the first byte",
        ),
    ] = 2
    shutdown: Annotated[
        Seconds, Meta(description="time that running requests have to end at shutdown")
    ] = 10.0


class SchedulerOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """How the scheduler decides."""

    policy: Annotated[
        str,
        Meta(
            min_length=1,
            description="`cost`: a switch must earn what it costs; `lru`: first come, first "
            "served, and the least recently used makes room",
        ),
    ] = "cost"


class Key(Struct, frozen=True, forbid_unknown_fields=True):
    """An API key that may be used, known by its hash alone."""

    name: Annotated[Label, Meta(description="whose key it is, for logs")]
    sha256: Annotated[
        str,
        Meta(
            pattern=r"^[0-9a-f]{64}$",
            description="sha256 of the key",
            extra={"expected": "64 lowercase hex digits"},
        ),
    ]
    tenant: Annotated[
        str, Meta(description="whose requests it brings; empty: a tenant of the key's own name")
    ] = ""


class Tenant(Struct, frozen=True, forbid_unknown_fields=True):
    """Those who share a place in line, and what their requests may ask for."""

    name: Annotated[Label, Meta(description="its name: in the journal, in statuses, on keys")]
    budget: Annotated[
        Budget,
        Meta(description="latency that its requests may cost, where neither they nor experts say"),
    ] = NO_BUDGET
    weight: Annotated[
        int,
        Meta(
            ge=1,
            description="its share of a machine that several tenants want more of than there is: "
            "so much of the weights of all of them",
        ),
    ] = 1
    priority: Annotated[
        Priority, Meta(description="the highest priority that its requests may have")
    ] = "interactive"
    experts: Annotated[
        tuple[Name, ...],
        Meta(
            description="the only experts that may answer it, alone or in flows and routes; "
            "empty: all"
        ),
    ] = ()


class Journal(Struct, frozen=True, forbid_unknown_fields=True):
    """The record of every event and action, on disk, in segments; the oldest goes first."""

    segment: Annotated[Size, Meta(description="size at which a new segment is begun")] = (
        16 * 1024**2
    )
    segments: Annotated[int, Meta(ge=1, le=10_000, description="segments that are kept")] = 8


class Composition(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A composition of experts, the machines they share, and the limits they live within."""

    version: Annotated[Literal[1], Meta(description="version of the document's format: 1")] = 1
    name: Annotated[
        Label,
        Meta(description="the composition's name: letters, digits and . _ -; names its state"),
    ] = "coterie"
    nodes: Annotated[tuple[Node, ...], Meta(min_length=1, description="the machines")]
    experts: Annotated[tuple[Expert, ...], Meta(min_length=1, description="the models")]
    flows: Annotated[
        tuple[Flow, ...], Meta(description="names behind which several experts answer together")
    ] = ()
    routes: Annotated[
        tuple[Route, ...],
        Meta(description="names behind which each request goes to the expert that suits it best"),
    ] = ()
    limits: Annotated[Limits, Meta(description="bounds of queues, waits and retries")] = Limits()
    scheduler: Annotated[SchedulerOptions, Meta(description="how switches are decided")] = (
        SchedulerOptions()
    )
    keys: Annotated[
        tuple[Key, ...], Meta(description="API keys by hash; empty: the endpoint asks for none")
    ] = ()
    tenants: Annotated[
        tuple[Tenant, ...], Meta(description="who the keys belong to, and what they may ask for")
    ] = ()
    journal: Annotated[Journal, Meta(description="how much of the past is kept on disk")] = (
        Journal()
    )
