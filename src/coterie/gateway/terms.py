"""What a request asks of its service: a latency budget, a priority, who may stand in for it.

Said in headers (`x-coterie-ttft: 2s`) or in the body's field `coterie`; else the expert's defaults
hold, else the tenant's.
"""

from collections.abc import Mapping
from typing import get_args

import msgspec

from coterie.config import Composition, Tenant, parse_duration
from coterie.errors import BadRequest, UnknownExpert
from coterie.gateway.catalogue import Catalogue
from coterie.types import NO_BUDGET, Budget, Expert, Priority, Terms

PRIORITIES: tuple[Priority, ...] = get_args(Priority)
MOST_NAMES = 8
REMEMBERED = 1024
_ANYTHING = Tenant("anybody")


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body's field `coterie`. Durations are as in the document: `2s`, or just seconds."""

    ttft: str | float | None = None
    tpot: str | float | None = None
    e2e: str | float | None = None
    priority: str | None = None
    fallbacks: list[str] | None = None
    next: list[str] | None = None


_NOTHING = Asked()
_NO_HEADERS: Mapping[str, str] = {}


class Terminology:
    """Reads the terms of requests."""

    def __init__(self, composition: Composition, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._tenants = {tenant.name: tenant for tenant in composition.tenants}
        self._usual: dict[tuple[str, str, int, bool], Terms] = {}  # of those who say nothing
        self._owners = {key.name: key.tenant or key.name for key in composition.keys}

    def of(
        self,
        expert: Expert,
        key: str,
        headers: Mapping[str, str],
        asked: Asked | None,
        output_tokens: int,
        *,
        streams: bool,
        route: Budget = NO_BUDGET,
    ) -> Terms:
        """The terms of a request for `expert` that showed `key` and has such `addressed` headers;
        the budget of the `route` that chose it goes before the expert's. Raises BadRequest, which
        names the header or field that is wrong, or Forbidden. An answer in one piece has no first
        token to be early.
        """
        usual = (expert.name, key, output_tokens, streams)
        is_usual = asked is None and not headers and not route.is_bounded
        if is_usual and (known := self._usual.get(usual)) is not None:
            return known
        asked = asked or _NOTHING
        name = self.tenant(key)
        self._catalogue.permit(name, expert.name)
        tenant = self._tenants.get(name, _ANYTHING)
        own = Budget(
            _seconds("ttft", headers, asked.ttft),
            _seconds("tpot", headers, asked.tpot),
            _seconds("e2e", headers, asked.e2e),
        )
        budget = own.over(route).over(expert.budget).over(tenant.budget)
        if not streams and (budget.ttft or budget.tpot):
            budget = Budget(e2e=budget.e2e)
        terms = Terms(
            tenant=name,
            priority=_priority(headers, asked.priority, tenant, expert),
            budget=budget if budget.is_bounded else NO_BUDGET,
            fallbacks=self._fallbacks(headers, asked.fallbacks, expert, name),
            output_tokens=output_tokens,
        )
        if is_usual:
            if len(self._usual) >= REMEMBERED:
                self._usual.clear()
            self._usual[usual] = terms
        return terms

    def tenant(self, key: str) -> str:
        """Whose requests a key brings."""
        return self._owners.get(key, key)

    def next(
        self, headers: Mapping[str, str], asked: Asked | None, tenant: str = ""
    ) -> tuple[str, ...]:
        """The experts that a client says it will ask next. Raises BadRequest, UnknownExpert or
        Forbidden.
        """
        if asked is None and not headers:
            return ()
        return self._named("next", headers, asked.next if asked else None, tenant) or ()

    def _fallbacks(
        self, headers: Mapping[str, str], asked: list[str] | None, expert: Expert, tenant: str
    ) -> tuple[str, ...]:
        names = self._named("fallbacks", headers, asked, tenant)
        if names is None:
            return self._catalogue.permissions.of(tenant, expert.fallbacks)
        return tuple(name for name in names if name != expert.name)

    def _named(
        self, field: str, headers: Mapping[str, str], asked: list[str] | None, tenant: str
    ) -> tuple[str, ...] | None:
        """A list of experts, each once; None: the request says nothing of it."""
        where, header = f"x-coterie-{field}", headers.get(f"x-coterie-{field}")
        if header is not None:
            asked = [name.strip() for name in header.split(",") if name.strip()]
        elif asked is None:
            return None
        else:
            where = f"coterie.{field}"
        if len(asked) > MOST_NAMES:
            raise BadRequest(f"`{where}` lists {len(asked)} experts; at most {MOST_NAMES}", where)
        names = tuple(dict.fromkeys(self._resolved(name, tenant) for name in asked))
        for name in names:
            self._catalogue.permit(tenant, name)
        return names

    def _resolved(self, name: str, tenant: str) -> str:
        """An expert's own name. Raises UnknownExpert, with those that the tenant may use."""
        try:
            return self._catalogue.resolve(name).name
        except UnknownExpert:
            raise self._catalogue.unknown(name, tenant) from None


def addressed(headers: Mapping[str, str]) -> Mapping[str, str]:
    """The headers if any is for us, else none: most requests have none, and are to pay for none."""
    for name in headers:
        if name[:2] in ("x-", "X-") and name[:10].lower() == "x-coterie-":
            return headers
    return _NO_HEADERS


def _seconds(name: str, headers: Mapping[str, str], asked: str | float | None) -> float:
    where, value = f"x-coterie-{name}", headers.get(f"x-coterie-{name}")
    if value is None:
        if asked is None:
            return 0.0
        where, value = f"coterie.{name}", str(asked)
    try:
        seconds = parse_duration(value.strip())
    except ValueError as error:
        raise BadRequest(f"`{where}` is wrong: {error}", where) from error
    if not seconds:
        raise BadRequest(f"`{where}` is 0: expected more; leave it out for no bound", where)
    return seconds


def _priority(
    headers: Mapping[str, str], asked: str | None, tenant: Tenant, expert: Expert
) -> Priority:
    header = headers.get("x-coterie-priority")
    wanted = asked if header is None else header.strip().lower()
    if wanted is None:
        wanted = expert.priority
    for priority in PRIORITIES:
        if wanted == priority:
            return max(priority, tenant.priority, key=PRIORITIES.index)
    where = "coterie.priority" if header is None else "x-coterie-priority"
    raise BadRequest(f"`{where}` is {wanted!r}; expected {', '.join(PRIORITIES)}", where)
