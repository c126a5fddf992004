"""Where replicas are to be after a change, with as little as possible moved.

What must be there are pins and preloads, as the scheduler would place them on empty machines. What
is there already stays where it is, if it may and if there is room; on a running server also what
nobody declared.
"""

from collections.abc import Collection

from coterie.cli.plan.here import Here
from coterie.cli.plan.hosted import distinct, residents
from coterie.simulator import Setup
from coterie.types import expert_of, replica_id


def goal(before: Here | None, setup: Setup, reloaded: Collection[str]) -> list[str]:
    """Replicas as `expert@node/device`, in order of name. `reloaded`: experts whose replicas cannot
    stay as they are; what takes their place may be on the same device.
    """
    wanted = residents(setup)
    if before is None:
        return wanted
    room = _Room(setup, wanted)
    here = [replica for replica in before.replicas if room.may(replica)]
    for replica in wanted:
        own = [one for one in here if expert_of(one) == expert_of(replica)]
        if replica not in own:
            room.move(replica, [one for one in own if one not in wanted])
    if before.is_running:
        for replica in here:
            if expert_of(replica) not in reloaded:
                room.add(replica)
    return room.replicas


class _Room:
    """Devices as they fill up."""

    def __init__(self, setup: Setup, replicas: Collection[str]) -> None:
        self._setup = setup
        self._sizes = {device.device: device.hot_bytes for device in setup.devices}
        self._devices = {one.expert: one.devices for one in setup.experts}
        self._most = {one.expert: one.replicas for one in setup.experts}
        self._on: dict[str, list[str]] = {device: [] for device in self._sizes}
        for replica in replicas:
            self._on[_device(replica)].append(expert_of(replica))

    @property
    def replicas(self) -> list[str]:
        return sorted(
            replica_id(expert, device) for device, own in self._on.items() for expert in own
        )

    def may(self, replica: str) -> bool:
        """Whether there still is such an expert, and such a device for it."""
        expert, device = expert_of(replica), _device(replica)
        allowed = self._devices.get(expert)
        return allowed is not None and device in self._sizes and (not allowed or device in allowed)

    def move(self, replica: str, places: Collection[str]) -> None:
        """Has it where one of its kind is already, if there is room."""
        expert, device = expert_of(replica), _device(replica)
        for other in places:
            target = _device(other)
            if expert not in self._on[target] and self._fits(expert, target):
                self._on[device].remove(expert)
                self._on[target].append(expert)
                return

    def add(self, replica: str) -> None:
        """One more, if there is room, and if it may have so many."""
        expert, device = expert_of(replica), _device(replica)
        count = sum(expert in own for own in self._on.values())
        if (
            expert not in self._on[device]
            and count < self._most[expert]
            and self._fits(expert, device)
        ):
            self._on[device].append(expert)

    def _fits(self, expert: str, device: str) -> bool:
        figures = self._setup.figures[self._setup.kinds[device]]
        parts = [part for name in (*self._on[device], expert) for part in figures[name].parts]
        return distinct(parts) <= self._sizes[device]


def _device(replica: str) -> str:
    return replica.rpartition("@")[2]
