"""A control that does as it is told, and keeps account: grants and waits must end exactly once."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from coterie.scheduler.status import (
    DeviceStatus,
    ExpertStatus,
    Explanation,
    Outlook,
    TenantStatus,
)
from coterie.types import NO_TERMS, Grant, Terms, replica_id


@dataclass(frozen=True)
class Submitted:
    """A call of `submit`."""

    request: str
    expert: str
    attempt: int
    since: float
    prompt_bytes: int
    terms: Terms


@dataclass(frozen=True)
class Finish:
    """A call of `finish`."""

    request: str
    ok: bool
    first_byte_s: float
    run_s: float
    prompt_tokens: int
    output_tokens: int


@dataclass
class FakeControl:
    """Grants at once what is in `addresses` (expert to address); all else waits to be told.

    Raises AssertionError at whatever the contract of a control forbids; `settled` checks the rest.
    """

    addresses: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    refusal: Exception | None = None
    clock: float = 1_700_000_000.0
    is_ready: bool = True
    queued_s: float = 0.0
    loading_s: float = 0.0
    submitted: list[Submitted] = field(default_factory=list)
    finished: list[Finish] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    commands: list[tuple[str, str]] = field(default_factory=list)
    hints: list[tuple[str, str]] = field(default_factory=list)
    statuses: dict[str, ExpertStatus] = field(default_factory=dict)
    device_statuses: list[DeviceStatus] = field(default_factory=list)
    tenant_statuses: list[TenantStatus] = field(default_factory=list)
    instead: dict[str, str] = field(default_factory=dict)  # whose requests which other one answers
    outlooks: dict[str, Outlook] = field(default_factory=dict)
    explanations: dict[str, Explanation] = field(default_factory=dict)
    journal: list[bytes] = field(default_factory=list)
    followers: int = 0
    _granted: set[str] = field(default_factory=set)
    _waiting: dict[str, tuple[str, asyncio.Future[Grant]]] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    # What a gateway calls.

    def submit(
        self,
        request: str,
        expert: str,
        *,
        attempt: int = 0,
        since: float = 0.0,
        prompt_bytes: int = 0,
        terms: Terms = NO_TERMS,
    ) -> Grant | asyncio.Future[Grant]:
        assert request not in self._granted, f"{request!r} was submitted while it held a grant"
        assert request not in self._waiting, f"{request!r} was submitted while it waited"
        self.submitted.append(Submitted(request, expert, attempt, since, prompt_bytes, terms))
        self._note()
        if self.refusal is not None:
            raise self.refusal
        expert = self.instead.get(expert, expert)
        if expert in self.addresses:
            return self._grant(request, expert)
        future: asyncio.Future[Grant] = asyncio.get_running_loop().create_future()
        self._waiting[request] = (expert, future)
        return future

    def cancel(self, request: str) -> None:
        assert request in self._waiting, f"{request!r} was cancelled but did not wait"
        del self._waiting[request]
        self.cancelled.append(request)
        self._note()

    def began(self, request: str) -> None:
        assert request in self._granted, f"{request!r} began but held no grant"
        self.begun.append(request)
        self._note()

    def finish(
        self,
        request: str,
        *,
        ok: bool,
        first_byte_s: float = 0.0,
        run_s: float = 0.0,
        prompt_tokens: int = 0,
        output_tokens: int = 0,
    ) -> None:
        assert request in self._granted, f"{request!r} was finished but held no grant"
        self._granted.remove(request)
        self.finished.append(Finish(request, ok, first_byte_s, run_s, prompt_tokens, output_tokens))
        self._note()

    def now(self) -> float:
        return self.clock

    def experts(self) -> list[ExpertStatus]:
        return list(self.statuses.values())

    def devices(self) -> list[DeviceStatus]:
        return list(self.device_statuses)

    def tenants(self) -> list[TenantStatus]:
        return list(self.tenant_statuses)

    def outlook(
        self, experts: Sequence[str], *, prompt_bytes: int = 0, output_tokens: int = 0
    ) -> list[Outlook]:
        """As told in `outlooks`; else resident where it is granted at once, with room elsewhere."""
        return [
            self.outlooks.get(name)
            or Outlook(name, "resident" if name in self.addresses else "room")
            for name in experts
        ]

    def explain(self, subject: str) -> Explanation | None:
        return self.explanations.get(subject)

    def load(self, expert: str) -> None:
        self.commands.append(("load", expert))

    def hint(self, expert: str, source: Literal["client", "flow"]) -> None:
        self.hints.append((expert, source))

    def unload(self, expert: str) -> None:
        self.commands.append(("unload", expert))

    def pin(self, expert: str, pinned: bool) -> None:
        self.commands.append(("pin" if pinned else "unpin", expert))
        status = self.statuses.get(expert, ExpertStatus(expert))
        self.statuses[expert] = msgspec.structs.replace(status, pinned=pinned)

    def ready(self) -> bool:
        return self.is_ready

    async def follow(self) -> AsyncIterator[bytes]:
        self.followers += 1
        try:
            seen = 0
            while True:
                while seen < len(self.journal):
                    seen += 1
                    yield self.journal[seen - 1]
                await self.change()
        finally:
            self.followers -= 1
            self._note()

    # What a test calls.

    @property
    def waiting(self) -> list[str]:
        """The requests that wait, oldest first."""
        return list(self._waiting)

    @property
    def holding(self) -> list[str]:
        """The requests that hold a grant."""
        return sorted(self._granted)

    def grant(self, request: str, address: str) -> None:
        """Gives a waiting request its place."""
        expert, future = self._waiting.pop(request)
        assert not future.done(), f"{request!r} ended the control's own future"
        self.addresses[expert] = address
        future.set_result(self._grant(request, expert))
        del self.addresses[expert]

    def refuse(self, request: str, error: Exception) -> None:
        """Refuses a waiting request."""
        _, future = self._waiting.pop(request)
        assert not future.done(), f"{request!r} ended the control's own future"
        future.set_exception(error)

    def record(self, lines: Iterable[bytes]) -> None:
        """Adds lines to the journal that `follow` shows."""
        self.journal.extend(lines)
        self._note()

    async def change(self) -> None:
        """Returns when something has been called since."""
        await self._changed.wait()

    async def until_waiting(self, count: int = 1) -> list[str]:
        """Returns the waiting requests once there are `count`."""
        while len(self._waiting) < count:
            await self.change()
        return self.waiting

    async def until_finished(self, count: int = 1) -> list[Finish]:
        """Returns the finishes once there are `count`."""
        while len(self.finished) < count:
            await self.change()
        return self.finished

    async def until_settled(self) -> None:
        """Returns when no request waits or holds a grant."""
        while self._waiting or self._granted:
            await self.change()

    def settled(self) -> None:
        """Asserts that every grant was finished and every wait has ended."""
        assert not self._granted, f"grants that were never finished: {sorted(self._granted)}"
        assert not self._waiting, f"waits that never ended: {sorted(self._waiting)}"

    def _grant(self, request: str, expert: str) -> Grant:
        self._granted.add(request)
        return Grant(
            request=request,
            replica=replica_id(expert, "local/cpu"),
            generation=1,
            address=self.addresses[expert],
            headers=dict(self.headers),
            queued_s=self.queued_s,
            loading_s=self.loading_s,
        )

    def _note(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
