"""Loads ahead of requests that are likely to come, with nothing but what is spare.

Three sources say who comes next: the stages of a flow, hints of clients, and what usually followed
(`transitions`); the policy names those it listens to.
"""

from coterie.scheduler import events as on
from coterie.scheduler import transitions
from coterie.scheduler.actions import Action
from coterie.scheduler.lifecycle import Lifecycle
from coterie.scheduler.phases import Fetching
from coterie.scheduler.records import ExpertRecord
from coterie.scheduler.staging import device_for, stage
from coterie.scheduler.switching import Switcher
from coterie.scheduler.world import World


class Foresight:
    """Takes hints, and the experts that answer; asks for loads."""

    def __init__(self, world: World, switcher: Switcher, lifecycle: Lifecycle) -> None:
        self._world = world
        self._switcher = switcher
        self._lifecycle = lifecycle

    def hinted(self, event: on.Hinted, out: list[Action]) -> None:
        expert = self._world.experts.get(event.expert)
        if expert is not None and self._world.policy.foresees(event.source):
            self._foresee(expert, event.at, out)

    def learnt(self, expert: ExpertRecord, now: float, out: list[Action]) -> None:
        """An expert answers: who usually comes next?"""
        name = transitions.next_after(self._world, expert)
        if name and self._world.policy.foresees("learnt"):
            self._foresee(self._world.experts[name], now, out)

    def _foresee(self, expert: ExpertRecord, now: float, out: list[Action]) -> None:
        """Loads ahead, with what is spare: nobody waits, for a load or for a turn. Where it is not,
        the weights are read at least.
        """
        world = self._world
        expert.foresight.hints += 1
        if expert.asked_at is not None:
            return
        idle = not world.views.demand and not world.waiting_count
        if idle and expert.fetching is Fetching.COLD and expert.retry_at <= now:
            expert.foreseen = True
            self._lifecycle.ask(expert, now, "idle")
            self._switcher.pump(now, out)
        stage(world, expert, device_for(world, expert), now, out)
