"""Routes over HTTP: a request that names one is decided, and then served as if it had named whom.

A decision never fails a request: what goes wrong inside leaves the route's generalist. Judging by a
transformer takes tens of milliseconds, and is done in threads of its own, so that nobody else waits
for it, nor it for others: the loop's own threads may be reading weights, for minutes.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from msgspec import Struct

from coterie.config import Composition
from coterie.config.route import Route
from coterie.errors import BadRequest, Refused, UnknownPath
from coterie.gateway.control import Control
from coterie.router.decision import FAILURES, Decision
from coterie.router.feedback import Asked, Feedback
from coterie.router.judge import Judgement
from coterie.router.prompt import read_prompt
from coterie.router.router import Request, Router
from coterie.scheduler.status import Outlook
from coterie.types import Terms

MOST_REASON = 300  # characters of a header
MOST_SESSION = 256
MOST_JUDGED = 64  # prompts that may wait in line for a thread: a second or two
THREADS = 2
DISK_RETRY_S = 60.0

log = logging.getLogger(__name__)


class Routed(Struct, frozen=True):
    """A decision for a request, and the text that it was decided by."""

    decision: Decision
    text: str = ""

    @property
    def labels(self) -> bytes:
        """The header fields that tell of it."""
        decision = self.decision
        fields = [("x-coterie-route", decision.route)]
        if decision.category:
            fields.append(("x-coterie-route-category", decision.category))
        fields.append(("x-coterie-route-confidence", f"{decision.confidence:.2f}"))
        if decision.scores:
            said = ", ".join(f"{name}={score:.3f}" for name, score in decision.scores.items())
            fields.append(("x-coterie-route-scores", said))
        fields.append(("x-coterie-route-reason", decision.reason))
        return "".join(f"{name}: {_plain(value)}\r\n" for name, value in fields).encode()


class Routing:
    """The routes of a composition. `routers` by name: a route without one goes by its rules alone;
    `feedback` by name: of those that keep ratings.
    """

    def __init__(
        self,
        composition: Composition,
        control: Control,
        routers: Mapping[str, Router],
        feedback: Mapping[str, Feedback],
    ) -> None:
        self._control = control
        self._feedback = feedback
        self._told: set[str] = set()
        self._threads = ThreadPoolExecutor(THREADS, "judge")
        self._judging = 0
        self._routers = {
            route.name: routers.get(route.name) or Router(route, composition)
            for route in composition.routes
        }

    async def decide(
        self,
        route: Route,
        said: Mapping[str, Any],
        terms: Terms,
        headers: Mapping[str, str],
        size: int,
        *,
        chat: bool = True,
        streams: bool = True,
        looking: bool = False,
    ) -> Routed:
        """Who answers a request that says `said`, in a body of `size` bytes. `looking`: nothing is
        remembered of it. Never raises.
        """
        router = self._routers[route.name]
        try:
            prompt = read_prompt(
                said,
                tenant=terms.tenant,
                session=headers.get("x-coterie-session", "")[:MOST_SESSION],
                output_tokens=terms.output_tokens,
            )
            request = Request(prompt, terms.tenant, terms.budget, streams, chat)
            outlooks = self._outlooks(router, size, terms)
            if not router.slow:
                judgement = router.judge(request, outlooks)
            elif (judgement := await self._judged(router, request, outlooks)) is not None:
                outlooks = self._outlooks(router, size, terms)  # some time has passed
            decision = router.decide(
                request, outlooks, self._control.now(), judgement=judgement, looking=looking
            )
            self._heed(decision)
        except Exception as error:
            log.exception("route %r failed to decide", route.name)
            reason = f"default: the route failed: {type(error).__name__}"
            return Routed(Decision(route.name, route.otherwise, reason=reason))
        return Routed(decision, prompt.text)

    def _outlooks(self, router: Router, size: int, terms: Terms) -> Sequence[Outlook]:
        return self._control.outlook(
            router.asks, prompt_bytes=size, output_tokens=terms.output_tokens
        )

    async def _judged(
        self, router: Router, request: Request, outlooks: Sequence[Outlook]
    ) -> Judgement | None:
        """What `router.judge` says, without holding up the loop."""
        if self._judging >= MOST_JUDGED:
            return Judgement(trouble=f"{self._judging} others wait for it already")
        self._judging += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, router.judge, request, outlooks)
        finally:
            self._judging -= 1

    def _heed(self, decision: Decision) -> None:
        """Tells the log, once for each route, of a router that does not work."""
        if decision.reason.startswith(FAILURES) and decision.route not in self._told:
            self._told.add(decision.route)
            log.warning("route %r does not work: %s", decision.route, decision.reason)

    def answered(self, request: str, routed: Routed, expert: str, tenant: str) -> None:
        """A routed request was answered by `expert`: from now on it can be rated."""
        feedback = self._feedback.get(routed.decision.route)
        if feedback is not None and routed.text:
            feedback.remember(request, Asked(routed.text, routed.decision.category, expert, tenant))

    def rate(self, said: Mapping[str, Any], tenant: str) -> None:
        """Keeps `{"request": id, "score": 0..1}`. Raises BadRequest, UnknownPath, or Refused where
        it cannot be written.
        """
        request, score = said.get("request"), said.get("score")
        if not isinstance(request, str) or not request:
            raise BadRequest("`request` is wrong: give an answer's x-coterie-request", "request")
        if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
            raise BadRequest("`score` is wrong: expected a number from 0 to 1", "score")
        for route, feedback in self._feedback.items():
            if feedback.knows(request, tenant):
                _keep(route, feedback, request, float(score))
                return
        raise UnknownPath(
            f"no request {request[:80]!r} to rate: it must have been answered lately by a route "
            "with `record: true`, and each is rated once"
        )


def _keep(route: str, feedback: Feedback, request: str, score: float) -> None:
    try:
        feedback.rate(request, score)
    except OSError as error:
        log.error("ratings of route %r cannot be written: %s", route, error)
        raise Refused(
            f"the rating cannot be kept now: {error.strerror or error}; try again later",
            DISK_RETRY_S,
        ) from error


def _plain(text: str) -> str:
    """As a header can have it: ASCII on one line, bounded."""
    cut = text if len(text) <= MOST_REASON else f"{text[: MOST_REASON - 3]}..."
    return "".join(letter if " " <= letter <= "~" else "?" for letter in cut)
