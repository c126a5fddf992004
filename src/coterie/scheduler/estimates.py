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
NEVER = -1e18  # log-heat of an expert that nobody asked for


class Mean(Struct):
    """An exponentially weighted mean of seconds; `count` observations so far."""

    value: float = 0.0
    count: int = 0

    def observe(self, value: float) -> None:
        self.value = value if self.count == 0 else self.value + WEIGHT * (value - self.value)
        self.count += 1


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
