"""Requests as they come, begin, end, or are given up: each goes where admission finds that it is
served best, and is accounted for when it has ended.
"""

from coterie.scheduler import events as on
from coterie.scheduler import outcomes, shares, transitions
from coterie.scheduler.actions import Action, Refuse
from coterie.scheduler.admission import Choice, choose, in_words
from coterie.scheduler.dispatch import Dispatcher
from coterie.scheduler.eta import eta_s
from coterie.scheduler.foresight import Foresight
from coterie.scheduler.lifecycle import Lifecycle
from coterie.scheduler.phases import Phase
from coterie.scheduler.records import ExpertRecord, RequestRecord
from coterie.scheduler.switching import Switcher
from coterie.scheduler.timers import Timers
from coterie.scheduler.world import World


class Intake:
    """Takes what is told of requests."""

    def __init__(
        self,
        world: World,
        timers: Timers,
        dispatcher: Dispatcher,
        switcher: Switcher,
        lifecycle: Lifecycle,
        foresight: Foresight,
    ) -> None:
        self._world = world
        self._timers = timers
        self._dispatcher = dispatcher
        self._switcher = switcher
        self._lifecycle = lifecycle
        self._foresight = foresight

    def arrived(self, event: on.Arrived, out: list[Action]) -> None:
        world = self._world
        assert event.request not in world.requests, f"request {event.request!r} arrived twice"
        expert = world.experts.get(event.expert)
        if expert is None:
            reason = f"no expert {event.expert!r} in this composition"
            out.append(Refuse(event.request, "model_not_found", reason, 0.0))
            return
        self._ask_for(expert, event.at)
        request = RequestRecord(
            request=event.request,
            expert=event.expert,
            since=event.since or event.at,
            arrived_at=event.at,
            attempt=event.attempt,
            prompt_bytes=event.prompt_bytes,
            output_tokens=event.output_tokens,
            tenant=event.tenant,
            priority=event.priority,
            budget=event.budget,
            fallbacks=tuple([name for name in event.fallbacks if name in world.experts]),
        )
        shares.tag(world, request)
        if event.attempt:
            outcomes.again(world, request)
        else:
            transitions.learn(world, world.tenant(event.tenant), expert, event.at)
        names = (event.expert, *request.fallbacks)
        self._place(request, choose(world, request, names, event.at), event.at, out)

    def _place(self, request: RequestRecord, choice: Choice, now: float, out: list[Action]) -> None:
        """Sends a request that does not wait yet where it was found to be served, or refuses it."""
        world = self._world
        request.way, request.way_at, request.considered = choice.way, now, choice.considered
        if not choice.expert:
            outcomes.ended(world, request, "refused", now, choice.reason)
            retry_after_s, eta_s = choice.retry_after_s, choice.eta_s
            out.append(Refuse(request.request, choice.code, choice.reason, retry_after_s, eta_s))
            if choice.wish:
                self._lifecycle.ask(world.experts[request.expert], now, "idle")
                self._switcher.pump(now, out)
            return
        if choice.expert != request.expert:
            request.asked = request.asked or request.expert
            self._ask_for(world.experts[choice.expert], now)
        expert = world.experts[choice.expert]
        started = self._dispatcher.arrive(request, expert, now, out, hurried=choice.hurried)
        if not started and expert.waiting:
            world.views.list_expert(expert)
            if expert.due is not None:
                self._switcher.pump(now, out)

    def _ask_for(self, expert: ExpertRecord, now: float) -> None:
        expert.rate.observe(now)
        expert.rhythm.observe(now)
        for replica in self._world.homes.get(expert.name, {}).values():
            self._world.views.touch(replica)

    def began(self, event: on.Began, out: list[Action]) -> None:
        request = self._world.requests.get(event.request)
        if request is not None and request.replica:
            self._dispatcher.began(event, request, out)
            self._foresight.learnt(self._world.experts[request.expert], event.at, out)

    def finished(self, event: on.Finished, out: list[Action]) -> None:
        world = self._world
        request = world.requests.get(event.request)
        if request is None:
            return
        if not request.replica:
            self.cancelled(on.Cancelled(event.at, event.request), out)
            return
        expert = world.experts[request.expert]
        replica = self._dispatcher.finish(event, request, out)
        if replica is None:
            return
        if expert.due is not None or expert.waiting:
            world.views.list_expert(expert)
        if replica.running:
            return
        if replica.phase is Phase.DRAINING:
            self._switcher.drained(replica, event.at, out)
        else:
            self._dispatcher.rest(replica, expert)
        self._switcher.pump(event.at, out, replica.device)

    def cancelled(self, event: on.Cancelled, out: list[Action]) -> None:
        world = self._world
        request = world.requests.get(event.request)
        if request is None or request.replica:
            return  # a running request ends with `Finished`
        expert = world.experts[request.expert]
        world.dequeue(request)
        del world.requests[request.request]
        shares.settle(world, request, expert, None)
        self._left_line(expert, event.at, out)

    def _left_line(self, expert: ExpertRecord, now: float, out: list[Action]) -> None:
        self._dispatcher.line_up(expert)
        self._world.views.list_expert(expert)
        self._switcher.pump(now, out)

    def waited(self, request: RequestRecord, now: float, out: list[Action]) -> None:
        """A request has waited as long as it may, or as long as its budget can still be met."""
        world = self._world
        expert = world.experts[request.expert]
        eta = eta_s(world, expert, now)
        waited = f"waited {now - request.since:.1f} s for expert {expert.name!r}"
        if now >= request.since + world.limits.wait:
            code, reason = "wait_exceeded", f"{waited}, which is the limit"
        else:
            choice = self._fallback(request, now)
            if choice is not None:
                world.dequeue(request)
                del world.requests[request.request]
                shares.settle(world, request, expert, None)
                request.fallbacks = ()  # it is moved once: nothing is passed round and round
                self._dispatcher.line_up(expert)
                self._place(request, choice, now, out)
                self._left_line(expert, now, out)
                return
            code, reason = "budget_exceeded", f"{waited}: too long for {in_words(request.budget)}"
            if expert.due is not None:
                expert.turned_away.observe(now, now - request.arrived_at)
        self._dispatcher.refuse(request, code, reason, max(1.0, eta or 1.0), now, out, eta)
        self._left_line(expert, now, out)

    def _fallback(self, request: RequestRecord, now: float) -> Choice | None:
        """A fallback that can still answer a waiting request within its budget."""
        names = tuple(name for name in request.fallbacks if name != request.expert)
        choice = choose(self._world, request, names, now) if names else None
        return choice if choice is not None and choice.hurried else None
