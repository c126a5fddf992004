"""Which experts there are, and how they are now. Looking never wakes or loads anything."""

from typing import Any

from coterie.config import Composition
from coterie.config.flow import Flow
from coterie.config.permission import Permissions
from coterie.config.route import Route
from coterie.errors import Forbidden, UnknownExpert
from coterie.gateway.control import Control
from coterie.scheduler.status import ExpertStatus
from coterie.types import Expert

FRESH_S = 0.5


class Catalogue:
    """The composition's experts by name and alias, with what the control says of each."""

    def __init__(self, composition: Composition, control: Control) -> None:
        self._control = control
        self._experts = composition.experts
        self._by_name = {name: e for e in self._experts for name in (e.name, *e.aliases)}
        self._flows = {flow.name: flow for flow in composition.flows}
        self._routes = {route.name: route for route in composition.routes}
        self._composed: dict[str, Flow | Route] = {**self._flows, **self._routes}
        self.permissions = Permissions(composition)
        self._created = int(control.now())
        self._statuses: dict[str, ExpertStatus] = {}
        self._read_at = float("-inf")

    def name_of(self, name: str) -> str:
        """The expert's name behind a name or an alias; anything else as it is."""
        expert = self._by_name.get(name)
        return name if expert is None else expert.name

    def resolve(self, name: str, tenant: str = "") -> Expert:
        """The expert of that name or alias. Raises UnknownExpert with the names that a tenant may
        use.
        """
        expert = self._by_name.get(name)
        if expert is None:
            raise self.unknown(name, tenant)
        return expert

    def unknown(self, name: str, tenant: str = "") -> UnknownExpert:
        """The error that names those that the tenant may use."""
        names = self.permissions.of(tenant, [*(one.name for one in self._experts), *self._composed])
        shown = name if len(name) <= 200 else f"{name[:200]}…"
        return UnknownExpert(
            f"no expert {shown!r}: the composition has {', '.join(map(repr, names))}"
        )

    def flow(self, name: str) -> Flow | None:
        """The flow of that name; None: an expert's, or nobody's."""
        return self._flows.get(name)

    def composed(self, name: str) -> Flow | Route | None:
        """The flow or route of that name; None: an expert's, or nobody's."""
        return self._composed.get(name)

    @property
    def routes(self) -> dict[str, Route]:
        return self._routes

    def permit(self, tenant: str, name: str) -> None:
        """Raises Forbidden unless the tenant may use the expert, flow or route."""
        if not self.permissions.may(tenant, name):
            raise Forbidden(
                f"tenant {tenant!r} may not use {name!r}: GET /v1/models lists those that it may"
            )

    def status(self, name: str) -> ExpertStatus:
        """How the expert is now, give or take `FRESH_S`: many waiting streams ask at once."""
        now = self._control.now()
        if not 0 <= now - self._read_at < FRESH_S:
            self._statuses = {status.name: status for status in self._control.experts()}
            self._read_at = now
        return self._statuses.get(name) or ExpertStatus(name)

    def models(self, tenant: str = "") -> list[dict[str, Any]]:
        """All that a tenant may use, as OpenAI lists models, with more fields."""
        statuses = {status.name: status for status in self._control.experts()}
        listed = [
            self._model(expert, statuses.get(expert.name) or ExpertStatus(expert.name))
            for expert in self._experts
        ]
        listed += [self._flow(flow) for flow in self._flows.values()]
        listed += [self._route(route, tenant) for route in self._routes.values()]
        return [model for model in listed if self.permissions.may(tenant, model["id"])]

    def model(self, name: str, tenant: str = "") -> dict[str, Any]:
        """One of them. Raises UnknownExpert or Forbidden."""
        composed = self._composed.get(name)
        if composed is not None:
            self.permit(tenant, name)
            if isinstance(composed, Flow):
                return self._flow(composed)
            return self._route(composed, tenant)
        expert = self.resolve(name, tenant)
        self.permit(tenant, expert.name)
        for status in self._control.experts():
            if status.name == expert.name:
                return self._model(expert, status)
        return self._model(expert, ExpertStatus(expert.name))

    def _model(self, expert: Expert, status: ExpertStatus) -> dict[str, Any]:
        return {
            "id": expert.name,
            "object": "model",
            "created": self._created,
            "owned_by": "coterie",
            "state": status.phase,
            "tier": status.tier,
            "bytes": status.measured_bytes or status.estimated_bytes,
            "eta_s": status.eta_s,
            "context_length": expert.context,
            "aliases": expert.aliases,
            "pinned": status.pinned,
            "waiting": status.waiting,
            "running": status.running,
        }

    def _flow(self, flow: Flow) -> dict[str, Any]:
        return {
            "id": flow.name,
            "object": "model",
            "created": self._created,
            "owned_by": "coterie",
            "state": "flow",
            "kind": flow.kind,
            "stages": [stage.expert for stage in flow.stages],
        }

    def _route(self, route: Route, tenant: str) -> dict[str, Any]:
        return {
            "id": route.name,
            "object": "model",
            "created": self._created,
            "owned_by": "coterie",
            "state": "route",
            "kind": "route",
            "candidates": self.permissions.of(tenant, route.named),
        }
