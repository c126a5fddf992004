"""The nouns: experts, devices, weights, footprints. Values only, no behaviour but arithmetic.

Sizes are integers in bytes, durations floats in seconds. In a document they may be written for
people (`1.5GiB`, `30s`): a field says so with `Size` or `Seconds`, and `coterie.config` reads them.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

Size = Annotated[int, Meta(ge=0, extra={"unit": "bytes"}, extra_json_schema={"unit": "bytes"})]
Seconds = Annotated[
    float, Meta(ge=0, extra={"unit": "seconds"}, extra_json_schema={"unit": "seconds"})
]
Name = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/+-]{0,127}$",
        extra={"expected": "at most 128 letters, digits and . _ : / + -, first a letter or digit"},
    ),
]


Priority = Literal["interactive", "standard", "batch"]
Capability = Literal["tools", "json", "images"]


class Budget(Struct, frozen=True, forbid_unknown_fields=True):
    """The latency that a request may cost, in seconds, counted from its arrival; 0: no bound."""

    ttft: Annotated[
        Seconds, Meta(description="to the first token of an answer that is streamed; 0: no bound")
    ] = 0.0
    tpot: Annotated[
        Seconds, Meta(description="for each further token of such an answer; 0: no bound")
    ] = 0.0
    e2e: Annotated[Seconds, Meta(description="to the end of the answer; 0: no bound")] = 0.0

    @property
    def is_bounded(self) -> bool:
        return bool(self.ttft or self.tpot or self.e2e)

    def over(self, default: "Budget") -> "Budget":
        """This budget, and the default's bounds where it has none."""
        return Budget(self.ttft or default.ttft, self.tpot or default.tpot, self.e2e or default.e2e)


NO_BUDGET = Budget()


class Part(Struct, frozen=True):
    """Some bytes in one tier. Parts with one digest on one device count once."""

    digest: str
    size_bytes: int


class Footprint(Struct, frozen=True):
    """What a replica needs: `hot` in its device's memory, `warm` in its node's host memory."""

    hot: tuple[Part, ...] = ()
    warm: tuple[Part, ...] = ()

    @property
    def hot_bytes(self) -> int:
        return sum(part.size_bytes for part in self.hot)

    @property
    def warm_bytes(self) -> int:
        return sum(part.size_bytes for part in self.warm)


class Device(Struct, frozen=True, forbid_unknown_fields=True):
    """An accelerator, or a node's RAM as one: `hot` bytes in which replicas live."""

    name: Annotated[
        Name, Meta(description="its name within the node; `node/device` everywhere else")
    ]
    hot: Annotated[Size, Meta(description="memory for replicas: their weights, caches and buffers")]
    kind: Annotated[
        str, Meta(description="what computes: `cpu`, or what an engine understands")
    ] = "cpu"
    threads: Annotated[
        int, Meta(ge=0, description="compute threads for each replica; 0: all cores")
    ] = 0
    parallel_loads: Annotated[int, Meta(ge=1, description="replicas that may load at once")] = 1
    parallel_runs: Annotated[
        int,
        Meta(
            ge=0,
            description="replicas that may run requests at the same time, each with all its slots; "
            "0: on a cpu as many as its cores carry, elsewhere no bound",
        ),
    ] = 0
    parallel_prefills: Annotated[
        int,
        Meta(
            ge=0,
            description="requests whose prompts may be computed at the same time; "
            "0: on a cpu as many as its cores carry, elsewhere no bound",
        ),
    ] = 0


class Node(Struct, frozen=True, forbid_unknown_fields=True):
    """A machine: its devices, its host memory, and its disk for fetched weights."""

    name: Annotated[Name, Meta(description="the machine's name in the composition")]
    devices: Annotated[tuple[Device, ...], Meta(min_length=1, description="where replicas run")]
    host: Annotated[
        Size, Meta(description="host memory for weights that are not hot; 0: no bound")
    ] = 0
    disk: Annotated[Size, Meta(description="disk for fetched weights; 0: no bound")] = 0
    kv_cache: Annotated[
        Size,
        Meta(
            description="disk for the KV caches of evicted replicas, so that a conversation that "
            "goes on need not be computed again; 0: they are dropped. Emptied at start and stop"
        ),
    ] = 1024**3


class Expert(Struct, frozen=True, forbid_unknown_fields=True):
    """A model of the composition, as the document declares it."""

    name: Annotated[Name, Meta(description="what a request's `model` says to reach it")]
    weights: Annotated[
        str,
        Meta(
            description="file://PATH, package://MODULE/FILE, hf://ORG/REPO@REVISION/FILE or "
            "https://URL; a file:// path may be relative to the document"
        ),
    ] = ""
    sha256: Annotated[
        str,
        Meta(
            pattern=r"^([0-9a-f]{64})?$",
            description="digest that the weights must have; empty: recorded, not compared",
            extra={"expected": "64 lowercase hex digits"},
        ),
    ] = ""
    engine: Annotated[str, Meta(description="what runs it: `llamacpp`, `echo` or a plug-in")] = (
        "llamacpp"
    )
    options: Annotated[
        dict[str, Any], Meta(description="options of the engine, as the engine names them")
    ] = field(default_factory=dict)
    context: Annotated[int, Meta(ge=16, description="tokens of context for each parallel slot")] = (
        2048
    )
    parallel: Annotated[int, Meta(ge=1, le=1024, description="requests served at once")] = 2
    replicas: Annotated[
        int, Meta(ge=1, le=1024, description="devices that may hold it at the same time")
    ] = 1
    pin: Annotated[bool, Meta(description="once hot, never unloaded for another expert")] = False
    preload: Annotated[bool, Meta(description="load it at start, before it is asked for")] = False
    idle_ttl: Annotated[
        Seconds, Meta(description="unload it after so long without a request; 0: never")
    ] = 0.0
    devices: Annotated[
        tuple[str, ...], Meta(description="where it may run, as `node/device`; empty: anywhere")
    ] = ()
    aliases: Annotated[tuple[Name, ...], Meta(description="other names that reach it")] = ()
    budget: Annotated[
        Budget, Meta(description="latency that its requests may cost, where they do not say")
    ] = NO_BUDGET
    priority: Annotated[
        Priority,
        Meta(description="what its requests have, where they do not say"),
    ] = "standard"
    fallbacks: Annotated[
        tuple[Name, ...],
        Meta(
            description="experts that may answer in its place, the first that can: when it is not "
            "available, or a request's budget cannot be met"
        ),
    ] = ()
    defaults: Annotated[
        dict[str, Any],
        Meta(description="request fields, such as `temperature`, for requests that leave them out"),
    ] = field(default_factory=dict)
    capabilities: Annotated[
        tuple[Capability, ...],
        Meta(
            description="what it can do beside plain text, of `tools`, `json` and `images`: routes "
            "give it no other requests"
        ),
    ] = ("tools", "json")
    cost: Annotated[
        float,
        Meta(
            ge=0,
            description="what an answer of it costs, in any unit, as routes weigh it; where not "
            "all candidates of a route say so, the bytes of their weights are compared",
        ),
    ] = 0.0


class Header(Struct, frozen=True):
    """What a weights file says of its model, read without loading it. Zero: it does not say."""

    format: str
    architecture: str = ""
    name: str = ""
    layers: int = 0
    heads: int = 0
    kv_heads: int = 0
    key_dim: int = 0
    value_dim: int = 0
    embedding_dim: int = 0
    feed_forward_dim: int = 0
    vocabulary: int = 0
    context: int = 0
    sliding_window: int = 0
    tensor_bytes: int = 0
    chat_template: bool = False


class Weights(Struct, frozen=True):
    """Verified weights on the local disk: where, which bytes (`sha256:…`), and what they are."""

    path: str
    digest: str
    size_bytes: int
    header: Header


def device_id(node: str, device: str) -> str:
    """`node/device`: how a device is named across the system."""
    return f"{node}/{device}"


def expert_of(replica: str) -> str:
    """The expert that a replica is of."""
    return replica.rpartition("@")[0]


def replica_id(expert: str, device: str) -> str:
    """`expert@node/device`: one expert has at most one replica on a device."""
    return f"{expert}@{device}"


class Terms(Struct, frozen=True):
    """What a request asks of its service, and for whom it is. `output_tokens`: the most that it
    wants; 0: it does not say.
    """

    tenant: str = ""
    priority: Priority = "standard"
    budget: Budget = NO_BUDGET
    fallbacks: tuple[str, ...] = ()
    output_tokens: int = 0


NO_TERMS = Terms()


class Grant(Struct, frozen=True):
    """A request's place on a replica: where to stream from, and what the way there cost."""

    request: str
    replica: str
    generation: int
    address: str
    headers: dict[str, str]
    queued_s: float
    loading_s: float
