"""Weights that are about to be loaded are read into host memory ahead of that.

Only where it is certain that they will be needed (a claim waits for its victims, a switch for being
earned) or likely (a hint that nothing is spare for); only with bandwidth that is spare: one expert
at a time for each device, and none while the device loads. Host memory that is free costs nobody
anything; the node sees to it that there is enough.
"""

from coterie.scheduler import events as on
from coterie.scheduler.actions import Action, Stage
from coterie.scheduler.phases import Fetching
from coterie.scheduler.records import ExpertRecord
from coterie.scheduler.world import World

FRESH_S = 2.0  # what was read so long ago is not looked at again


def stage(world: World, expert: ExpertRecord, device: str, now: float, out: list[Action]) -> None:
    """Has an expert's weights read ahead for a device, if that can be done at no one's cost."""
    view = world.devices.get(device)
    if view is None or view.loading or view.record.staging or not world.policy.stages:
        return
    if expert.fetching is not Fetching.COLD or world.homes.get(expert.name):
        return
    if expert.staged_at and now < expert.staged_at + FRESH_S:
        return
    expert.staged_at = now
    view.record.staging = expert.name
    out.append(Stage(expert.name, device))


def staged(world: World, event: on.Staged) -> None:
    """Reading ahead has ended."""
    view, expert = world.devices.get(event.device), world.experts.get(event.expert)
    if view is not None and view.record.staging == event.expert:
        view.record.staging = ""
    if expert is not None:
        expert.foresight.staged += 1
        expert.foresight.staged_bytes += event.read_bytes


def device_for(world: World, expert: ExpertRecord) -> str:
    """Where an expert that was hinted at may be loaded one day; empty: nowhere."""
    return next(iter(expert.devices or world.devices), "")
