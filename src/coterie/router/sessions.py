"""Conversations keep their expert, with momentum: easy to escalate, slow to come down.

`commit it` after an hour of hard questions asks for little, and still belongs to whom the hour was
with. An expert that is worth more gets a conversation at once; a lesser one after `stickiness`
turns in a row that asked for it. A request of the same turn (a tool's answer, another attempt)
stays where the turn was. The memory is bounded: what was not heard of for longest goes first.
"""

from collections import OrderedDict

from msgspec import Struct

MOST = 10_000
FORGOTTEN_S = 3600.0


class Session(Struct, frozen=True):
    """The expert that a conversation has, the turn it had last, and how many in a row asked for
    less.
    """

    expert: str
    turn: str
    lesser: int = 0
    at: float = 0.0


class Sessions:
    """The conversations of a route. Time is seconds since the epoch, by the caller's clock."""

    def __init__(self, stickiness: int, most: int = MOST) -> None:
        self._stickiness = stickiness
        self._most = most
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def of(self, conversation: str, now: float) -> Session | None:
        """What is remembered of a conversation; None: nothing, or it is too long ago."""
        session = self._sessions.get(conversation)
        if session is None or now - session.at > FORGOTTEN_S:
            return None
        return session

    def settle(
        self, session: Session | None, turn: str, wanted: str, now: float, *, more: bool
    ) -> Session:
        """Who gets this turn, where `wanted` suits it best; `more`: it is worth at least as much as
        whom the conversation has. Remembers nothing: `remember` does.
        """
        if not self._stickiness or session is None:
            return Session(wanted, turn, 0, now)
        if session.turn == turn:
            return Session(session.expert, turn, session.lesser, now)
        if more or session.expert == wanted or session.lesser >= self._stickiness:
            return Session(wanted, turn, 0, now)
        return Session(session.expert, turn, session.lesser + 1, now)

    def remember(self, conversation: str, session: Session) -> None:
        if not self._stickiness:
            return
        self._sessions[conversation] = session
        self._sessions.move_to_end(conversation)
        while len(self._sessions) > self._most:
            self._sessions.popitem(last=False)
