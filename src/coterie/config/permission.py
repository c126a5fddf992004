"""Which experts answer whom: the only ones that a tenant's requests may come to, in any way."""

from collections.abc import Iterable, Mapping

from coterie.config.composition import Composition
from coterie.config.flow import Flow


class Permissions:
    """Of each tenant that is restricted; all others may use everything."""

    def __init__(self, composition: Composition) -> None:
        self._flows = {flow.name: flow for flow in composition.flows}
        self._names = {
            alias: expert.name for expert in composition.experts for alias in expert.aliases
        }
        self._routes = {route.name: route for route in composition.routes}
        self._only: Mapping[str, frozenset[str]] = {
            tenant.name: frozenset(tenant.experts)
            for tenant in composition.tenants
            if tenant.experts
        }

    @property
    def restricted(self) -> bool:
        """Whether there is any tenant that may not use everything."""
        return bool(self._only)

    def may(self, tenant: str, name: str) -> bool:
        """Whether requests of `tenant` may come to an expert, a flow (if it may use all experts
        that are asked in it) or a route (if it may use any of those that answer there).
        """
        only = self._only.get(tenant)
        if only is None:
            return True
        route = self._routes.get(name)
        if route is not None:
            return any(self.may(tenant, inner) for inner in route.named)
        return all(
            self._names.get(expert, expert) in only for expert in experts_of(name, self._flows)
        )

    def of(self, tenant: str, names: Iterable[str]) -> tuple[str, ...]:
        """Those of `names` that the tenant may use."""
        return tuple(name for name in names if self.may(tenant, name))


def experts_of(name: str, flows: Mapping[str, Flow]) -> tuple[str, ...]:
    """The experts that may be asked behind a name, each once: of a flow with those of the flows in
    it, with its judges and its fallback; else the name itself. Stages may name experts by alias. (A
    sound document has no circles.)
    """
    flow = flows.get(name)
    if flow is None:
        return (name,)
    found: list[str] = []
    for stage in flow.stages:
        found += experts_of(stage.expert, flows)
        found += [stage.accept.judge] if stage.accept.judge else []
    if flow.fallback:
        found.append(flow.fallback)
    return tuple(dict.fromkeys(found))
