"""Requests on their way through a simulation: when each was sent, ran, and ended."""

from msgspec import Struct

from coterie.scheduler import Dispatch, Refuse
from coterie.scheduler import events as on
from coterie.simulator.outcome import Queue
from coterie.workloads import Answer

BYTES_PER_TOKEN = 6  # of English, as a request's body has them
BODY_BYTES = 150  # of a request, besides its prompt
STATUSES = {"queue_full": 429, "budget_impossible": 400, "model_not_found": 404}
MOST_SAMPLES = 4096


class Ride(Struct):
    """A request that has come and not ended. Seconds from the beginning; 0: not yet."""

    request: on.Arrived
    index: int
    sent_s: float
    waits_from_s: float
    attempt: int = 0
    dispatch: Dispatch | None = None
    started_s: float = 0.0
    first_s: float = 0.0


class Rides:
    """All of them, and what became of those that ended, in the order of their arrival."""

    def __init__(self) -> None:
        self.open: dict[str, Ride] = {}
        self.answers: list[Answer | None] = []
        self.queue: list[Queue] = []
        self.ended = 0
        self.waited_s = 0.0
        """For which requests waited to be dispatched, all together."""
        self._running = 0
        self._every, self._seen = 1, 0

    def begin(self, request: on.Arrived) -> None:
        """A request is sent, `at` seconds from the beginning; no other of its name runs."""
        name = request.request
        assert name not in self.open, f"{name!r} comes twice"
        self.open[name] = Ride(request, len(self.answers), request.at, request.at)
        self.answers.append(None)

    def starts(self, dispatch: Dispatch, now_s: float) -> Ride:
        ride = self.open[dispatch.request]
        ride.dispatch, ride.started_s = dispatch, now_s
        self.waited_s += now_s - ride.waits_from_s
        self._running += 1
        return ride

    def stops(self, ride: Ride, now_s: float) -> None:
        """It does not run any more, whether or not it has ended."""
        ride.dispatch, ride.waits_from_s = None, now_s
        self._running -= 1

    def answered(self, ride: Ride, now_s: float) -> None:
        request = ride.request
        answer = Answer(
            request.expert,
            ride.sent_s,
            200,
            now_s - ride.sent_s,
            first_s=ride.first_s - ride.sent_s,
            prompt_tokens=round(prompt_tokens(request)),
            output_tokens=request.output_tokens,
        )
        self._end(ride, answer)

    def refused(self, refuse: Refuse, now_s: float) -> None:
        ride = self.open[refuse.request]
        status = STATUSES.get(refuse.code, 503)
        total_s = now_s - ride.sent_s
        expert = ride.request.expert
        self.waited_s += now_s - ride.waits_from_s
        self._end(ride, Answer(expert, ride.sent_s, status, total_s, error=refuse.code))

    def failed(self, ride: Ride, now_s: float, error: str) -> None:
        """Its stream broke off, or its last attempt did."""
        total_s = now_s - ride.sent_s
        status = 200 if ride.first_s else 502
        self._end(ride, Answer(ride.request.expert, ride.sent_s, status, total_s, error=error))

    def sample(self, now_s: float) -> None:
        """How many wait and run, now and then: ever less often, the longer it takes."""
        self._seen += 1
        if self._seen < self._every:
            return
        self._seen = 0
        self.queue.append(Queue(now_s, len(self.open) - self._running, self._running))
        if len(self.queue) >= MOST_SAMPLES:
            del self.queue[1::2]
            self._every *= 2

    def _end(self, ride: Ride, answer: Answer) -> None:
        self.answers[ride.index] = answer
        del self.open[ride.request.request]
        self.ended += 1


def prompt_tokens(request: on.Arrived) -> float:
    """What a request's prompt is taken to have."""
    return max(0, request.prompt_bytes - BODY_BYTES) / BYTES_PER_TOKEN
