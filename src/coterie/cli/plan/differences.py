"""What one composition has otherwise than another: experts, machines, limits, and whom they serve.

Of each change it is said whether replicas must be loaded anew for it: weights, engine, context and
slots are what a running worker cannot change.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec
from msgspec import Struct

from coterie.config import Composition, format_duration, format_size
from coterie.types import Device, Expert, Footprint, Node, device_id

What = Literal["expert", "node", "device", "scheduler", "limits", "flow", "route", "tenant", "key"]
Kind = Literal["added", "removed", "changed"]

RELOADS = frozenset({"weights", "sha256", "engine", "options", "context", "parallel"})
"""Fields of an expert that its workers are started with."""
BYTES = frozenset({"hot", "host", "disk", "kv_cache", "body"})
SECONDS = frozenset(
    {
        "wait",
        "starvation",
        "minimum_residency",
        "keepalive",
        "stall",
        "load_base",
        "load_per_gib",
        "backoff",
        "backoff_max",
        "shutdown",
        "idle_ttl",
    }
)


class Change(Struct, frozen=True):
    """`field` is empty where the whole of it came or went; values are spelt as a document has them.
    `reloads`: an expert's replicas are loaded anew for it.
    """

    kind: Kind
    what: What
    name: str
    field: str = ""
    before: str = ""
    after: str = ""
    reloads: bool = False


class _Named(Protocol):
    @property
    def name(self) -> str: ...


def differences(
    before: Composition,
    after: Composition,
    held_before: Mapping[str, Footprint],
    held_after: Mapping[str, Footprint],
) -> list[Change]:
    """All changes from one to the other. `held_…`: the footprints of their experts, by which it is
    known that they read the same file, or another of the same name.
    """
    return [
        *_experts(before, after, held_before, held_after),
        *_machines(before.nodes, after.nodes),
        *_fields("scheduler", "", before.scheduler, after.scheduler),
        *_fields("limits", "", before.limits, after.limits),
        *_whole("flow", before.flows, after.flows),
        *_whole("route", before.routes, after.routes),
        *_whole("tenant", before.tenants, after.tenants),
        *_whole("key", before.keys, after.keys),
    ]


def resized(sizes: Mapping[str, int], after: Mapping[str, Footprint]) -> list[Change]:
    """Experts of which a server says that they take other bytes than they are to, whatever of them
    has changed.
    """
    return [
        Change(
            "changed",
            "expert",
            name,
            "hot bytes",
            format_size(size),
            format_size(after[name].hot_bytes),
            True,
        )
        for name, size in sizes.items()
        if name in after
    ]


def reasons(changes: Sequence[Change]) -> dict[str, str]:
    """Why experts' replicas come, go or cannot stay as they are, by expert."""
    found: dict[str, list[str]] = {}
    for change in changes:
        if change.what != "expert":
            continue
        if change.kind != "changed":
            found[change.name] = ["it is new" if change.kind == "added" else "it is removed"]
        elif change.reloads:
            found.setdefault(change.name, []).append(said(change))
    return {name: ", ".join(words) for name, words in found.items()}


def said(change: Change) -> str:
    """A changed field, in words."""
    before, after = change.before or "nothing", change.after or "nothing"
    return f"`{change.field}` is {after}, was {before}"


def _weights(footprint: Footprint | None) -> str:
    """The file that it reads; empty: that is not on this machine."""
    digest = footprint.hot[0].digest if footprint is not None and footprint.hot else ""
    return digest.removeprefix("path:") if digest.startswith("path:") else ""


def _experts(
    before: Composition,
    after: Composition,
    held_before: Mapping[str, Footprint],
    held_after: Mapping[str, Footprint],
) -> Iterator[Change]:
    old = {one.name: one for one in before.experts}
    new = {one.name: one for one in after.experts}
    yield from (Change("added", "expert", name) for name in new if name not in old)
    yield from (Change("removed", "expert", name) for name in old if name not in new)
    for name in [name for name in new if name in old]:
        here, there = _weights(held_before.get(name)), _weights(held_after.get(name))
        is_same = bool(here) and here == there
        yield from _expert(old[name], new[name], is_same)
        if here and there and not is_same and old[name].weights == new[name].weights:
            yield Change("changed", "expert", name, "weights", here, there, True)


def _expert(before: Expert, after: Expert, is_same: bool) -> Iterator[Change]:
    """`is_same`: both read the same file, however it is named."""
    for change in _fields("expert", before.name, before, after):
        field = change.field.partition(".")[0]
        reloads = field in RELOADS and not (is_same and field in ("weights", "sha256"))
        yield msgspec.structs.replace(change, reloads=reloads)


def _machines(before: Sequence[Node], after: Sequence[Node]) -> Iterator[Change]:
    yield from _in_both("node", before, after, ("devices",))
    yield from _in_both("device", _devices(before), _devices(after), ("name",))


def _devices(nodes: Sequence[Node]) -> list[Device]:
    """By their whole names."""
    return [
        msgspec.structs.replace(device, name=device_id(node.name, device.name))
        for node in nodes
        for device in node.devices
    ]


def _in_both(
    what: What, before: Sequence[Node | Device], after: Sequence[Node | Device], omit: Sequence[str]
) -> Iterator[Change]:
    old = {one.name: one for one in before}
    new = {one.name: one for one in after}
    yield from (Change("added", what, name) for name in new if name not in old)
    yield from (Change("removed", what, name) for name in old if name not in new)
    for name in [name for name in new if name in old]:
        yield from _fields(what, name, old[name], new[name], omit)


def _whole(what: What, before: Sequence[_Named], after: Sequence[_Named]) -> Iterator[Change]:
    """Without what is inside: prompts and hashes are not for a report."""
    old = {one.name: one for one in before}
    new = {one.name: one for one in after}
    yield from (Change("added", what, name) for name in new if name not in old)
    yield from (Change("removed", what, name) for name in old if name not in new)
    yield from (
        Change("changed", what, name) for name in new if name in old and old[name] != new[name]
    )


def _fields(
    what: What, name: str, before: Struct, after: Struct, omit: Sequence[str] = ()
) -> Iterator[Change]:
    for each in msgspec.structs.fields(type(after)):
        here, there = getattr(before, each.name), getattr(after, each.name)
        if here == there or each.name in omit or each.name == "name":
            continue
        for field, old, new in _values(each.name, here, there):
            yield Change("changed", what, name, field, _spelt(field, old), _spelt(field, new))


def _values(field: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """A mapping or a struct is compared key by key, `options.hot`."""
    here, there = msgspec.to_builtins(before), msgspec.to_builtins(after)
    if not isinstance(here, dict) or not isinstance(there, dict):
        yield field, here, there
        return
    for key in dict.fromkeys((*here, *there)):
        if here.get(key) != there.get(key):
            yield f"{field}.{key}", here.get(key), there.get(key)


def _spelt(field: str, value: Any) -> str:
    if value is None:
        return ""
    if field in BYTES and isinstance(value, int):
        return format_size(value)
    last = field.rpartition(".")[2]
    if (field in SECONDS or field.startswith("budget.")) and isinstance(value, int | float):
        return format_duration(value)
    return value if isinstance(value, str) and last else msgspec.json.encode(value).decode()
