"""The live driver: it owns the loop around the scheduler, and nothing else decides.

Events come in on one event loop, one at a time; each is journalled with the actions it led to, and
those are carried out at once: loads and unloads by nodes, grants and refusals by the futures of the
requests that wait.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, assert_never

from coterie.config import Composition
from coterie.controller.followers import Followers
from coterie.controller.journal import Journal
from coterie.controller.links import Link
from coterie.errors import (
    BudgetExceeded,
    BudgetImpossible,
    ExpertUnavailable,
    QueueFull,
    Refused,
    RequestError,
    UnknownExpert,
    WaitExceeded,
    WorkerLost,
)
from coterie.scheduler import (
    Action,
    DeviceStatus,
    Dispatch,
    Event,
    ExpertStatus,
    Explanation,
    Fetch,
    Load,
    Outlook,
    Refuse,
    Scheduler,
    Stage,
    TenantStatus,
    Unload,
    policy,
)
from coterie.scheduler import events as on
from coterie.types import NO_TERMS, Grant, Terms

FLUSH_S = 0.05

Answer = Grant | Refuse | WorkerLost


class Controller:
    """Drives one scheduler. `clock` gives seconds since the epoch, and never runs backwards."""

    def __init__(self, composition: Composition, folder: Path, clock: Callable[[], float]) -> None:
        self._composition = composition
        self._clock = clock
        self._scheduler = Scheduler(policy(composition.scheduler.policy), composition.limits)
        self._followers = Followers()
        self._journal = Journal(
            folder,
            composition.journal.segment,
            composition.journal.segments,
            lambda: self._scheduler.snapshot(clock()),
            self._followers.publish,
        )
        self._links: Mapping[str, Link] = {}
        self._waiting: dict[str, asyncio.Future[Grant]] = {}
        self._answer: Answer | None = None  # to the request that is being submitted
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._flush: asyncio.TimerHandle | None = None
        self._ready = asyncio.Event()
        self._closing = False
        self._declared = False

    # -- life --------------------------------------------------------------------------------------

    async def open(self, links: Mapping[str, Link]) -> None:
        """Starts the journal and the nodes, and declares the composition."""
        self._journal.open()
        self._links = links
        await asyncio.gather(*(link.open() for link in links.values()))
        experts = self._composition.experts
        probe = (
            experts[0].name if not any(expert.pin or expert.preload for expert in experts) else ""
        )
        weights = {tenant.name: tenant.weight for tenant in self._composition.tenants}
        owners = dict.fromkeys(key.tenant or key.name for key in self._composition.keys)
        for owner in owners:
            self.report(on.TenantDeclared(self._clock(), owner, float(weights.get(owner, 1))))
        for expert in experts:
            self.report(
                on.Declared(
                    at=self._clock(),
                    expert=expert.name,
                    slots=expert.parallel,
                    replicas=expert.replicas,
                    pinned=expert.pin,
                    preload=expert.preload or expert.name == probe,
                    idle_ttl_s=expert.idle_ttl,
                    devices=expert.devices,
                )
            )
        self._declared = True

    async def close(self) -> None:
        """Refuses all who wait, stops the nodes, and closes the journal."""
        self._closing = True
        for request in list(self._waiting):
            future = self._waiting.pop(request)
            if not future.done():
                future.set_exception(
                    ExpertUnavailable("the service is shutting down", retry_after_s=5.0)
                )
        await asyncio.gather(*(link.close() for link in self._links.values()))
        for handle in (self._timer, self._flush):
            if handle is not None:
                handle.cancel()
        self._journal.close()
        self._followers.close()

    def report(self, event: Event) -> None:
        """Takes an event: from a node, an operator, or the clock."""
        actions = self._scheduler.handle(event)
        self._record(event, actions)
        if isinstance(event, on.Loaded):
            self._ready.set()
        for action in actions:
            self._perform(action)
        self._set_timer()

    # -- for the gateway ---------------------------------------------------------------------------

    def now(self) -> float:
        return self._clock()

    def ready(self) -> bool:
        """Has an expert really generated, and is the service not shutting down?"""
        return self._ready.is_set() and not self._closing

    async def until_ready(self) -> None:
        """Returns once an expert has really generated."""
        await self._ready.wait()

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
        """A place for a request: at once, or as a future. Raises (or the future raises) Refused."""
        if self._closing:
            raise ExpertUnavailable("the service is shutting down", retry_after_s=5.0)
        if not self._declared:
            raise ExpertUnavailable("the service is starting", retry_after_s=1.0)
        self._answer = None
        now = self._clock()
        self.report(
            on.Arrived(
                now,
                request,
                expert,
                since or now,
                attempt,
                prompt_bytes,
                terms.output_tokens,
                terms.tenant,
                terms.priority,
                terms.budget,
                terms.fallbacks,
            )
        )
        answer = self._take_answer()
        if answer is None:
            future: asyncio.Future[Grant] = asyncio.get_running_loop().create_future()
            self._waiting[request] = future
            return future
        if isinstance(answer, Refuse):
            raise refusal(answer)
        if isinstance(answer, WorkerLost):
            raise answer
        return answer

    def _take_answer(self) -> Answer | None:
        return self._answer

    def cancel(self, request: str) -> None:
        """The client of a waiting request left. (If it was granted meanwhile, its place is free
        again.)
        """
        if self._waiting.pop(request, None) is not None:
            self.report(on.Cancelled(self._clock(), request))
        else:
            self.finish(request, ok=False)

    def began(self, request: str) -> None:
        """The first byte of a granted request's answer has come."""
        self.report(on.Began(self._clock(), request))

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
        """A granted request ended."""
        self.report(
            on.Finished(
                self._clock(), request, ok, first_byte_s, run_s, prompt_tokens, output_tokens
            )
        )

    def experts(self) -> list[ExpertStatus]:
        return self._scheduler.experts(self._clock())

    def devices(self) -> list[DeviceStatus]:
        return self._scheduler.devices(self._clock())

    def tenants(self) -> list[TenantStatus]:
        return self._scheduler.tenants()

    def outlook(
        self, experts: Sequence[str], *, prompt_bytes: int = 0, output_tokens: int = 0
    ) -> list[Outlook]:
        now = self._clock()
        return [
            self._scheduler.outlook(
                name, now, prompt_bytes=prompt_bytes, output_tokens=output_tokens
            )
            for name in experts
        ]

    def explain(self, subject: str) -> Explanation | None:
        return self._scheduler.explain(subject, self._clock())

    def load(self, expert: str) -> None:
        self.report(on.LoadRequested(self._clock(), expert))

    def hint(self, expert: str, source: Literal["client", "flow"]) -> None:
        """An expert is likely to be asked for soon."""
        if self._declared and not self._closing:
            self.report(on.Hinted(self._clock(), expert, source))

    def unload(self, expert: str) -> None:
        self.report(on.UnloadRequested(self._clock(), expert))

    def pin(self, expert: str, pinned: bool) -> None:
        self.report(on.PinChanged(self._clock(), expert, pinned))

    def follow(self) -> AsyncIterator[bytes]:
        """Journal lines as they come. A follower too slow for them loses some, and is told how
        many.
        """
        self._journal.flush()  # what came before is not for them
        return self._followers.follow()

    # -- actions -----------------------------------------------------------------------------------

    def _perform(self, action: Action) -> None:
        match action:
            case Dispatch():
                self._grant(action)
            case Refuse():
                future = self._waiting.pop(action.request, None)
                if future is None:
                    self._answer = action
                elif not future.done():
                    future.set_exception(refusal(action))
            case Fetch():
                next(iter(self._links.values())).perform(action)
            case Load() | Stage():
                self._links[action.device.partition("/")[0]].perform(action)
            case Unload():
                device = action.replica.rpartition("@")[2]
                self._links[device.partition("/")[0]].perform(action)
            case _:
                assert_never(action)

    def _grant(self, action: Dispatch) -> None:
        device = action.replica.rpartition("@")[2]
        endpoint = self._links[device.partition("/")[0]].endpoint(action.replica, action.generation)
        answer: Grant | WorkerLost
        if endpoint is None:
            answer = WorkerLost(f"replica {action.replica!r} ended before its request was sent")
            self._soon(on.Finished(self._clock(), action.request, ok=False))
        else:
            answer = Grant(
                request=action.request,
                replica=action.replica,
                generation=action.generation,
                address=endpoint.address,
                headers=endpoint.headers,
                queued_s=action.queued_s,
                loading_s=action.loading_s,
            )
        future = self._waiting.pop(action.request, None)
        if future is None:
            self._answer = answer
        elif future.done():  # its client left in this very turn of the loop
            self._soon(on.Finished(self._clock(), action.request, ok=False))
        elif isinstance(answer, WorkerLost):
            future.set_exception(answer)
        else:
            future.set_result(answer)

    def _soon(self, event: Event) -> None:
        """An event out of an action: after the one that is being handled."""
        asyncio.get_running_loop().call_soon(self.report, event)

    # -- time and record ---------------------------------------------------------------------------

    def _set_timer(self) -> None:
        at = self._scheduler.wake_at()
        if self._timer is not None:
            if at == self._timer_at:
                return
            self._timer.cancel()
            self._timer = None
        if at is not None:
            self._timer_at = at
            delay_s = max(0.0, at - self._clock())
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self.report(on.Tick(max(self._clock(), self._timer_at)))

    def _record(self, event: Event, actions: list[Action]) -> None:
        self._journal.append((event, *actions))
        if self._flush is None:
            self._flush = asyncio.get_running_loop().call_later(FLUSH_S, self._flush_journal)

    def _flush_journal(self) -> None:
        self._flush = None
        self._journal.flush()


def refusal(action: Refuse) -> RequestError | Refused:
    """A refusal as the error that its client gets."""
    match action.code:
        case "queue_full":
            return QueueFull(action.reason, action.retry_after_s, action.eta_s)
        case "wait_exceeded":
            return WaitExceeded(action.reason, action.retry_after_s, action.eta_s)
        case "budget_exceeded":
            return BudgetExceeded(action.reason, action.retry_after_s, action.eta_s)
        case "budget_impossible":
            return BudgetImpossible(action.reason)
        case "model_not_found":
            return UnknownExpert(action.reason)
        case _:
            return ExpertUnavailable(action.reason, action.retry_after_s, action.eta_s)
