"""What the gateway needs of the rest of the system, and all that it knows of it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Literal, Protocol

from coterie.scheduler.status import (
    DeviceStatus,
    ExpertStatus,
    Explanation,
    Outlook,
    TenantStatus,
)
from coterie.types import NO_TERMS, Grant, Terms


class Control(Protocol):
    """One owner behind one loop: every call is synchronous, and what takes time is a future."""

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
        """A place for `request`: at once if `expert` is hot with a free slot, else a future of one.

        Raises Refused, here or through the future. `since` is the wall-clock time of the first
        attempt where this is another one, `prompt_bytes` what its prompt is judged by. A
        grant may be for one of the terms' fallbacks. Each Grant
        is answered by exactly one `finish`, each future that is given up before it is done by
        exactly one `cancel`.
        """
        ...

    def cancel(self, request: str) -> None:
        """The client of a waiting request left. A load that it caused goes on."""
        ...

    def began(self, request: str) -> None:
        """The first byte of a granted request's answer has come. Not told of all: an answer in one
        piece has only its end.
        """
        ...

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
        """A granted request left its replica. Times count from the grant; 0 tokens: not known."""
        ...

    def now(self) -> float:
        """Seconds since the epoch, on the clock that the journal is written by."""
        ...

    def experts(self) -> list[ExpertStatus]: ...

    def devices(self) -> list[DeviceStatus]: ...

    def tenants(self) -> list[TenantStatus]: ...

    def outlook(
        self, experts: Sequence[str], *, prompt_bytes: int = 0, output_tokens: int = 0
    ) -> list[Outlook]:
        """What a request that came now would meet at each of these experts. Changes nothing."""
        ...

    def explain(self, subject: str) -> Explanation | None:
        """Why a request (by id) or an expert (by name) is where it is; None: neither is known."""
        ...

    def load(self, expert: str) -> None: ...

    def hint(self, expert: str, source: Literal["client", "flow"]) -> None:
        """It is likely to be asked for soon: what is spare may be used to load it."""
        ...

    def unload(self, expert: str) -> None: ...

    def pin(self, expert: str, pinned: bool) -> None: ...

    def ready(self) -> bool:
        """Whether an expert has really generated."""
        ...

    def follow(self) -> AsyncIterator[bytes]:
        """The journal's lines as they happen, one JSON object each, through a bounded buffer."""
        ...
