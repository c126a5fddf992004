"""How much of the time others were there, from sums over time: however many come and go, each
beginning and each end costs the same.
"""

from coterie.hardware.observations import PromptSeen


class Count:
    """How many of something there are, and the sum of that over time, in seconds."""

    __slots__ = ("_at", "_total", "count")

    def __init__(self) -> None:
        self.count = 0
        self._total = 0.0
        self._at = 0.0

    def add(self, change: int, now: float) -> None:
        self._total = self.until(now)
        self._at = now
        self.count += change

    def until(self, now: float) -> float:
        return self._total + self.count * (now - self._at)


class Home:
    """What it computes, and all processes of its machine that compute."""

    __slots__ = ("answers", "is_fresh", "machine", "prompts")

    def __init__(self, machine: Count) -> None:
        self.machine = machine
        self.prompts = Count()
        self.answers = Count()
        self.is_fresh = False


class Ride:
    """A request on a replica. `since`: when what it does now began."""

    __slots__ = (
        "_marks", "began_at", "home", "is_first", "is_whole", "prompt", "replica", "since",
    )  # fmt: skip

    def __init__(
        self, replica: str, home: Home, now: float, *, is_first: bool, is_whole: bool
    ) -> None:
        self.replica = replica
        self.home = home
        self.since = now
        self.began_at = 0.0
        self.is_first = is_first
        self.is_whole = is_whole
        self.prompt: PromptSeen | None = None
        self._marks = (0.0, 0.0, 0.0)

    def mark(self, now: float) -> None:
        """From here on, others are counted."""
        home = self.home
        self._marks = home.prompts.until(now), home.answers.until(now), home.machine.until(now)

    def others(self, now: float) -> tuple[float, float, float]:
        """Prompts, answers and processes since then, on average, itself and its own among them."""
        home, marks = self.home, self._marks
        seconds = now - self.since
        return (
            (home.prompts.until(now) - marks[0]) / seconds,
            (home.answers.until(now) - marks[1]) / seconds,
            (home.machine.until(now) - marks[2]) / seconds,
        )
