"""What must hold between the parts of a composition, as far as that can be told without a file."""

from collections.abc import Iterable, Iterator, Sequence

from coterie.config.composition import Composition, Key, Limits, Tenant
from coterie.config.finding import Finding, Path, listed, nearest, render, shorten
from coterie.config.flow import Flow, flow_findings
from coterie.config.route import Route, route_findings
from coterie.types import Expert, Node, device_id

SCHEMES = ("file", "package", "hf", "https", "http")
SMALLEST_BODY = 1024
SMALLEST_SEGMENT = 64 * 1024
NOT_DEFAULTS = ("model", "messages", "prompt", "input", "stream")


def check(composition: Composition, devices_known: bool = True) -> Iterator[Finding]:
    """Everything wrong with it. An empty name stands for a wrong one, and is already reported.

    `devices_known` false: the nodes could not be read, so references to devices are left alone.
    """
    yield from _nodes(composition.nodes)
    yield from _twice("expert", _names(composition.experts, composition.flows, composition.routes))
    expert_names = [
        name for expert in composition.experts for name in (expert.name, *expert.aliases)
    ]
    yield from flow_findings(composition.flows, expert_names)
    yield from route_findings(
        composition.routes,
        [
            *(expert.name for expert in composition.experts),
            *(flow.name for flow in composition.flows),
        ],
        [
            *(tenant.name for tenant in composition.tenants),
            *(key.tenant or key.name for key in composition.keys),
        ],
    )
    devices = [name for _, name in _device_ids(composition.nodes)]
    for i, expert in enumerate(composition.experts):
        yield from _weights(("experts", i), expert)
        yield from _residency(("experts", i), expert)
        yield from _defaults(("experts", i), expert)
        yield from _fallbacks(("experts", i), expert, composition.experts)
        yield from _capabilities(("experts", i), expert)
        if devices_known:
            yield from _placement(("experts", i), expert, devices)
    yield from _limits(composition.limits)
    yield from _keys(composition.keys)
    yield from _tenants(composition.keys, composition.tenants)
    yield from _permissions(composition.tenants, composition.experts)
    if composition.journal.segment < SMALLEST_SEGMENT:
        yield Finding(("journal", "segment"), "expected at least 64KiB")


def _nodes(nodes: Sequence[Node]) -> Iterator[Finding]:
    yield from _twice("node", ((("nodes", i, "name"), node.name) for i, node in enumerate(nodes)))
    yield from _twice("device", _device_ids(nodes))
    for i, node in enumerate(nodes):
        for j, device in enumerate(node.devices):
            if device.name and not device.hot:
                path = ("nodes", i, "devices", j, "hot")
                yield Finding(path, "expected more than 0: no expert fits in no memory")


def _device_ids(nodes: Sequence[Node]) -> Iterator[tuple[Path, str]]:
    for i, node in enumerate(nodes):
        for j, device in enumerate(node.devices):
            if node.name and device.name:
                yield ("nodes", i, "devices", j, "name"), device_id(node.name, device.name)


def _names(
    experts: Sequence[Expert], flows: Sequence[Flow], routes: Sequence[Route]
) -> Iterator[tuple[Path, str]]:
    for i, expert in enumerate(experts):
        yield ("experts", i, "name"), expert.name
        for j, alias in enumerate(expert.aliases):
            yield ("experts", i, "aliases", j), alias
    for i, flow in enumerate(flows):
        yield ("flows", i, "name"), flow.name
    for i, route in enumerate(routes):
        yield ("routes", i, "name"), route.name


def _twice(noun: str, names: Iterable[tuple[Path, str]]) -> Iterator[Finding]:
    """A finding for each name that an earlier one has already."""
    first: dict[str, Path] = {}
    for path, name in names:
        if name and name in first:
            where = render(first[name])
            yield Finding(path, f"{name!r} is already the name of another {noun} ({where})")
        first.setdefault(name, path)


def _weights(at: Path, expert: Expert) -> Iterator[Finding]:
    if not expert.weights:
        if expert.sha256:
            yield Finding(
                (*at, "sha256"), "there are no weights that could have it; give 'weights'"
            )
        return
    scheme, separator, _ = expert.weights.partition("://")
    if not separator or scheme not in SCHEMES:
        message = (
            "expected file://PATH, package://MODULE/FILE, hf://ORG/REPO@REVISION/FILE or "
            f"https://URL, not {shorten(expert.weights)}"
        )
        yield Finding((*at, "weights"), message)


def _residency(at: Path, expert: Expert) -> Iterator[Finding]:
    if expert.pin and expert.idle_ttl:
        yield Finding((*at, "idle_ttl"), "a pinned expert is never unloaded; remove one of the two")


def _defaults(at: Path, expert: Expert) -> Iterator[Finding]:
    for key in expert.defaults:
        if key in NOT_DEFAULTS:
            message = f"a request says {key!r} itself; remove it from the defaults"
            yield Finding((*at, "defaults", key), message)


def _fallbacks(at: Path, expert: Expert, experts: Sequence[Expert]) -> Iterator[Finding]:
    names = [other.name for other in experts]
    for j, name in enumerate(expert.fallbacks):
        path = (*at, "fallbacks", j)
        if name == expert.name:
            yield Finding(path, "an expert cannot stand in for itself; remove it")
        elif name in expert.fallbacks[:j]:
            yield Finding(path, f"{name!r} is listed twice")
        elif name and name not in names:
            hint = nearest(name, names) or f"; there are {listed(names)}"
            yield Finding(path, f"there is no expert {shorten(name)}{hint}")


def _capabilities(at: Path, expert: Expert) -> Iterator[Finding]:
    for j, name in enumerate(expert.capabilities):
        if name in expert.capabilities[:j]:
            yield Finding((*at, "capabilities", j), f"{name!r} is listed twice")


def _placement(at: Path, expert: Expert, devices: Sequence[str]) -> Iterator[Finding]:
    for j, device in enumerate(expert.devices):
        path = (*at, "devices", j)
        if device in expert.devices[:j]:
            yield Finding(path, f"{device!r} is listed twice")
        elif device and device not in devices:
            hint = nearest(device, devices) or f"; there are {listed(devices)}"
            yield Finding(path, f"there is no device {shorten(device)}{hint}")


def _limits(limits: Limits) -> Iterator[Finding]:
    if limits.body < SMALLEST_BODY:
        yield Finding(("limits", "body"), "expected at least 1KiB: no request is smaller")
    if limits.starvation > limits.wait:
        message = "longer than 'wait': a request would be refused before it may go first"
        yield Finding(("limits", "starvation"), message)
    if limits.backoff > limits.backoff_max:
        yield Finding(("limits", "backoff"), "longer than 'backoff_max'")


def _keys(keys: Sequence[Key]) -> Iterator[Finding]:
    yield from _twice("key", ((("keys", i, "name"), key.name) for i, key in enumerate(keys)))
    hashes = [key.sha256 for key in keys]
    for i, digest in enumerate(hashes):
        if digest and digest in hashes[:i]:
            yield Finding(("keys", i, "sha256"), "this key is already listed under another name")


def _tenants(keys: Sequence[Key], tenants: Sequence[Tenant]) -> Iterator[Finding]:
    named = ((("tenants", i, "name"), tenant.name) for i, tenant in enumerate(tenants))
    yield from _twice("tenant", named)
    names = [tenant.name for tenant in tenants]
    for i, key in enumerate(keys):
        if key.tenant and key.tenant not in names:
            hint = nearest(key.tenant, names) or "; list it under 'tenants'"
            yield Finding(("keys", i, "tenant"), f"there is no tenant {shorten(key.tenant)}{hint}")
    owners = {key.tenant or key.name for key in keys}
    for i, tenant in enumerate(tenants):
        if tenant.name and tenant.name not in owners:
            message = f"no key belongs to {tenant.name!r}; give one 'tenant: {tenant.name}'"
            yield Finding(("tenants", i, "name"), message)


def _permissions(tenants: Sequence[Tenant], experts: Sequence[Expert]) -> Iterator[Finding]:
    names = [expert.name for expert in experts]
    for i, tenant in enumerate(tenants):
        for j, name in enumerate(tenant.experts):
            path: Path = ("tenants", i, "experts", j)
            if name and name not in names:
                hint = nearest(name, names) or f"; there are {listed(names)}"
                yield Finding(path, f"there is no expert {shorten(name)}{hint}")
            elif name in tenant.experts[:j]:
                yield Finding(path, f"{name!r} is listed twice")
