"""A machine as a document: its memories, the ways between them, what it computes, and where each
figure is from.

Figures are of all its accelerators together. What an expert costs on it is for `costs` to say.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field, structs

from coterie.config.composition import Label
from coterie.types import Seconds

Bytes = Annotated[int, Meta(ge=1, extra={"unit": "bytes"})]
Bandwidth = Annotated[float, Meta(gt=0, extra={"unit": "bytes/s"})]
Operations = Annotated[float, Meta(gt=0, extra={"unit": "operations/s"})]
Share = Annotated[float, Meta(gt=0, le=1)]
Watts = Annotated[float, Meta(ge=0)]
Relative = Annotated[float, Meta(ge=0)]


class Tier(Struct, frozen=True, forbid_unknown_fields=True):
    """A memory: how much it holds, and how fast all of it together is read."""

    bytes: Annotated[Bytes, Meta(description="what it holds")]
    bandwidth: Annotated[Bandwidth, Meta(description="bytes read a second")]


class Tiers(Struct, frozen=True, forbid_unknown_fields=True):
    """The memories, from the one that experts run in to the one that keeps them all."""

    hot: Annotated[Tier, Meta(description="the accelerators' memory, or a CPU's own")]
    host: Annotated[
        Tier, Meta(description="memory that weights wait in; on a CPU the same as `hot`")
    ]
    disk: Annotated[
        Tier | None, Meta(description="where weights come from at first; none: not known")
    ] = None


class Links(Struct, frozen=True, forbid_unknown_fields=True):
    """The ways from host memory to hot memory. A load uses all of them at once."""

    count: Annotated[int, Meta(ge=1, description="links side by side")]
    bandwidth: Annotated[Bandwidth, Meta(description="bytes a second of each")]
    latency: Annotated[Seconds, Meta(description="until the first byte of a load moves")] = 0.0


class Efficiency(Struct, frozen=True, forbid_unknown_fields=True):
    """How much of what the data sheet says is reached; 1: all of it."""

    prefill: Annotated[Share, Meta(description="of `compute`, by prompts")] = 1.0
    decode: Annotated[Share, Meta(description="of `compute`, by output tokens")] = 1.0
    bandwidth: Annotated[Share, Meta(description="of the hot tier's, where weights are read")] = 1.0
    link: Annotated[Share, Meta(description="of the links'")] = 1.0


class Overheads(Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds besides bytes and operations."""

    first_token: Annotated[Seconds, Meta(description="of each request, to its first token")] = 0.0
    token: Annotated[Seconds, Meta(description="of each step that makes output tokens")] = 0.0
    load: Annotated[Seconds, Meta(description="of each load")] = 0.0
    unload: Annotated[Seconds, Meta(description="of each unload")] = 0.0


class Power(Struct, frozen=True, forbid_unknown_fields=True):
    """Watts; 0: not known."""

    hot: Annotated[Watts, Meta(description="while it computes")] = 0.0
    idle: Annotated[Watts, Meta(description="while it waits")] = 0.0


class Profile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one replica runs on: a machine, or as many of its accelerators as a model is split over.

    `sources` and `uncertainty` are by the path of a figure (`tiers.hot.bytes`) or of several
    (`overheads`).
    """

    version: Annotated[Literal[1], Meta(description="version of the document's format: 1")] = 1
    name: Annotated[Label, Meta(description="what it is called")]
    about: Annotated[str, Meta(description="what it stands for")] = ""
    devices: Annotated[
        int, Meta(ge=1, description="accelerators that a replica spans, by tensor parallelism")
    ] = 1
    cores: Annotated[
        int, Meta(ge=0, description="cores that processes share; 0: an accelerator computes")
    ] = 0
    tiers: Annotated[Tiers, Meta(description="its memories")]
    links: Annotated[
        Links | None,
        Meta(description="from host memory to hot; none where both are a CPU's own memory"),
    ] = None
    compute: Annotated[Operations, Meta(description="dense operations a second, at 16 bits")]
    efficiency: Annotated[Efficiency, Meta(description="how much of that is reached")] = (
        Efficiency()
    )
    overheads: Annotated[Overheads, Meta(description="seconds besides")] = Overheads()
    power_w: Annotated[Power | None, Meta(description="watts, where they are known")] = None
    sources: Annotated[dict[str, str], Meta(description="where each figure is from")] = field(
        default_factory=dict
    )
    uncertainty: Annotated[
        dict[str, Relative], Meta(description="of measured figures, as a part of each")
    ] = field(default_factory=dict)

    def figures(self) -> dict[str, float]:
        """Each number by its path; those that are not given (`tiers.disk`) are left out."""
        return {path: value for path, value in _walk(self, "") if isinstance(value, int | float)}

    def places(self) -> tuple[str, ...]:
        """The paths that a source or an uncertainty may be of: figures, and groups of them."""
        return tuple(path for path, _ in _walk(self, ""))

    def unsourced(self) -> tuple[str, ...]:
        """Figures other than 0 of which it is not said where they are from."""
        figures = self.figures().items()
        return tuple(path for path, value in figures if value and not self.source_of(path))

    def source_of(self, path: str) -> str:
        """Where a figure is from, by its own path or that of its group; empty: not said."""
        while path and path not in self.sources:
            path = path.rpartition(".")[0]
        return self.sources.get(path, "")


def _walk(value: Struct, place: str) -> Iterator[tuple[str, Any]]:
    """Groups and figures, each with its path, in the order of declaration."""
    for each in structs.fields(value):
        inner = getattr(value, each.name)
        path = f"{place}.{each.encode_name}" if place else each.encode_name
        if isinstance(inner, Struct):
            yield path, inner
            yield from _walk(inner, path)
        elif isinstance(inner, int | float) and path != "version":
            yield path, inner
