"""When replicas came and went, read off the scheduler's events and actions: live or modelled."""

from coterie.scheduler import Action, Dispatch, Event, Load, Unload
from coterie.scheduler import events as on
from coterie.simulator.outcome import FOREVER, Residence
from coterie.types import Part


class Stays:
    """Told of each event and action, it keeps the residences, by the clock of the events."""

    def __init__(self) -> None:
        self.found: list[Residence] = []
        self._present: dict[tuple[str, int], Residence] = {}

    def did(self, at: float, action: Action, size_bytes: int = 0) -> None:
        """An action was decided. `size_bytes`: what a load is expected to take."""
        match action:
            case Load():
                stay = Residence(action.expert, action.device, size_bytes, at, reason=action.reason)
                self.found.append(stay)
                self._present[action.replica, action.generation] = stay
            case Unload():
                self._leaves(action.replica, action.generation, at, action.reason)
            case Dispatch():
                self.serves(action)
            case _:
                pass

    def serves(self, dispatch: Dispatch) -> None:
        """A replica is sent a request."""
        found = self._present.get((dispatch.replica, dispatch.generation))
        if found is not None:
            found.requests += 1

    def happened(self, event: Event) -> None:
        match event:
            case on.Loaded():
                stay = self._present.get((event.replica, event.generation))
                if stay is not None:
                    stay.hot_s = event.at
                    stay.size_bytes = _size(event.hot) or stay.size_bytes
            case on.Crashed():
                self._leaves(event.replica, event.generation, event.at, event.reason)
            case on.LoadFailed():
                self._leaves(event.replica, event.generation, event.at, event.reason)
                self._gone(event.replica, event.generation, event.at)
            case on.Unloaded():
                self._gone(event.replica, event.generation, event.at)
            case _:
                pass

    def count_from(self, begin: float) -> list[Residence]:
        """All of them, in seconds from `begin`: what was there before has less than 0."""
        for stay in self.found:
            stay.from_s -= begin
            stay.hot_s -= begin
            stay.leaves_s -= begin
            stay.gone_s -= begin
        return self.found

    def lost(self, device: str, at: float, reason: str) -> None:
        """A device is gone, with all that was on it."""
        for name, generation in list(self._present):
            if self._present[name, generation].device == device:
                self._leaves(name, generation, at, reason)
                self._gone(name, generation, at)

    def _leaves(self, replica: str, generation: int, at: float, reason: str) -> None:
        stay = self._present.get((replica, generation))
        if stay is not None and stay.leaves_s == FOREVER:
            stay.leaves_s, stay.ending = at, reason

    def _gone(self, replica: str, generation: int, at: float) -> None:
        stay = self._present.pop((replica, generation), None)
        if stay is not None:
            stay.gone_s = at
            stay.leaves_s = min(stay.leaves_s, stay.gone_s)


def _size(parts: tuple[Part, ...]) -> int:
    return sum(part.size_bytes for part in parts)
