"""What loads and services cost, learnt from events: exponentially weighted means, and a rate per
expert.

A mean starts from what the whole system has seen, so that an expert never loaded is predicted from
its bytes and the seconds a byte took elsewhere.
"""

from math import exp, log

from msgspec import Struct, field

WEIGHT = 0.3  # of the newest observation: a handful of loads forgets a cold page cache
RATE_WINDOW_S = 60.0  # time constant of arrival rates
SECONDS_PER_BYTE = 2.5e-9  # 400 MB/s, until a load was seen
LOAD_FLOOR_S = 0.1
SERVICE_S = 1.0  # until a service was seen
PREFILL_S_PER_BYTE = 5e-4  # about 500 tokens/s, until a first byte was seen
NEVER = -1e18  # log-heat of an expert that nobody asked for


class Mean(Struct):
    """An exponentially weighted mean of seconds; `count` observations so far."""

    value: float = 0.0
    count: int = 0

    def observe(self, value: float) -> None:
        self.value = value if self.count == 0 else self.value + WEIGHT * (value - self.value)
        self.count += 1


class Pace(Struct):
    """Seconds for each unit of work, of late: long pieces of work count for more than short ones.

    `seconds` and `work` are sums in which older observations fade.
    """

    seconds: float = 0.0
    work: float = 0.0

    def observe(self, seconds: float, work: float) -> None:
        self.seconds = self.seconds * (1 - WEIGHT) + seconds
        self.work = self.work * (1 - WEIGHT) + work

    def per_unit(self, default: float) -> float:
        return self.seconds / self.work if self.work > 0 else default


class Rate(Struct):
    """Arrivals per second, decaying. `heat` is the decayed count of arrivals at `at`."""

    heat: float = 0.0
    at: float = 0.0

    def observe(self, now: float) -> None:
        self.heat = self.heat * exp(min(0.0, self.at - now) / RATE_WINDOW_S) + 1.0
        self.at = max(now, self.at)

    def order(self) -> float:
        """Log of the rate but for a term common to all: compares rates at any one later time
        without knowing it.
        """
        return log(self.heat) + self.at / RATE_WINDOW_S if self.heat > 0 else NEVER


class Costs(Struct):
    """What the system as a whole has seen: the prior of every expert."""

    seconds_per_byte: Mean = field(default_factory=Mean)
    service: Mean = field(default_factory=Mean)
    prefill: Pace = field(default_factory=Pace)

    def load_s(self, own: Mean, size_bytes: int) -> float:
        if own.count:
            return own.value
        per_byte = self.seconds_per_byte
        rate = per_byte.value if per_byte.count else SECONDS_PER_BYTE
        return max(LOAD_FLOOR_S, size_bytes * rate)

    def service_s(self, own: Mean) -> float:
        if own.count:
            return own.value
        return self.service.value if self.service.count else SERVICE_S

    def observe_load(self, own: Mean, size_bytes: int, load_s: float) -> None:
        own.observe(load_s)
        if size_bytes:
            self.seconds_per_byte.observe(load_s / size_bytes)

    def observe_service(self, own: Mean, run_s: float) -> None:
        own.observe(run_s)
        self.service.observe(run_s)

    def prefill_s(self, own: Pace, prompt_bytes: int) -> float:
        """How long a prompt of so many bytes takes, from those of its expert, else of all."""
        return prompt_bytes * own.per_unit(self.prefill.per_unit(PREFILL_S_PER_BYTE))

    def observe_prefill(self, own: Pace, prompt_bytes: int, prefill_s: float) -> None:
        if prompt_bytes:
            own.observe(prefill_s, prompt_bytes)
            self.prefill.observe(prefill_s, prompt_bytes)
