"""What a simulation comes to."""

from msgspec import Struct, field

from coterie.workloads import Answer

FOREVER = float("inf")


class Residence(Struct):
    """A replica's stay on a device. Seconds from the beginning; `FOREVER`: not by the end.

    Its memory is taken from `from_s` to `gone_s`, and it answers from `hot_s` to `leaves_s`.
    """

    expert: str
    device: str
    size_bytes: int
    from_s: float
    hot_s: float = FOREVER
    leaves_s: float = FOREVER
    gone_s: float = FOREVER
    requests: int = 0
    reason: str = ""  # why it was loaded, in the scheduler's words
    ending: str = ""  # why it left: in the scheduler's words, or what befell it


class Queue(Struct, frozen=True):
    """How many requests waited and ran at one moment."""

    at_s: float
    waiting: int
    running: int


class Fault(Struct, frozen=True):
    """What went wrong with the machines: `kind` is one of `crash`, `node`, `disk`, `link`."""

    at_s: float
    kind: str
    what: str  # the replica or the node
    until_s: float = FOREVER


class Outcome(Struct):
    """What became of each request, in their order, and of the machines meanwhile.

    `moved_bytes` went over links to devices, `read_bytes` came from disk. `end_s`: when the last
    request was answered, or refused.
    """

    answers: list[Answer] = []
    residences: list[Residence] = []
    queue: list[Queue] = []  # now and then
    waited_s: float | None = None  # for which requests waited to be dispatched, all together
    faults: list[Fault] = []
    moved_bytes: int = 0
    read_bytes: int = 0
    end_s: float = 0.0
    events: int = 0  # that the scheduler handled
    busy_s: dict[str, float] = field(default_factory=dict)
    """Of each machine, in core-seconds: from the beginning on, without what was preloaded."""

    @property
    def loads(self) -> int:
        return len(self.residences)
