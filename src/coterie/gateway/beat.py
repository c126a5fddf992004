"""Comments on a stream that waits, so that neither its client nor a proxy between gives it up."""

import asyncio

from coterie.gateway.catalogue import Catalogue
from coterie.gateway.reply import Reply

EVENT_STREAM = b"text/event-stream"


class Beat:
    """Writes `: waiting for 'x': loading, eta 1.2 s` every `every_s`, from when it is started until
    it is stopped.
    """

    def __init__(self, reply: Reply, catalogue: Catalogue, expert: str, every_s: float) -> None:
        self._reply = reply
        self._catalogue = catalogue
        self._expert = expert
        self._every_s = every_s
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begins, if it has not."""
        if self._timer is None:
            self._wind()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _wind(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._every_s, self._beat)

    def _beat(self) -> None:
        self._wind()
        if self._reply.lost or self._reply.writing_paused:
            return
        if not self._reply.begun:
            self._reply.begin(200, b"", EVENT_STREAM)
        self._reply.write(self._comment())

    def _comment(self) -> bytes:
        status = self._catalogue.status(self._expert)
        eta = "" if status.eta_s is None else f", eta {status.eta_s:.1f} s"
        return f": waiting for {self._expert!r}: {status.phase}{eta}\n\n".encode()
