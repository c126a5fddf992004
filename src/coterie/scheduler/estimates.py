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
DECODE_S_PER_TOKEN = 0.02  # until an answer was seen
OUTPUT_TOKENS = 128.0  # likewise
FIRST_S = 0.02  # of each first token, however short its prompt
P90 = 1.5  # the 90th percentile of a time to first token over its median, until some were seen
FIRST_STEP = 0.5
STEP = 0.04  # of a quantile's logarithm, once it is settled
WIDEST = 1.5  # its bound: four and a half times more, or less, than expected
REGULAR = 0.35  # arrivals by chance are at 0.74: the mean distance of their gaps from the mean gap
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


class Quantile(Struct):
    """A quantile of positive ratios, tracked by its logarithm: a step up after a larger one, down
    after a smaller one, in the proportion that holds it at `level` (Robbins and Monro, "A
    stochastic approximation method", 1951).
    """

    level: float
    log: float = 0.0
    count: int = 0

    @property
    def value(self) -> float:
        return exp(self.log)

    def observe(self, ratio: float) -> None:
        self.count += 1
        step = max(STEP, FIRST_STEP / self.count**0.5)
        above = ratio > self.value
        moved = self.log + step * (self.level if above else self.level - 1.0)
        self.log = min(max(moved, -WIDEST), WIDEST)


class Rhythm(Struct):
    """The time between two arrivals, where it is always about the same."""

    gap_s: float = 0.0  # an exponentially weighted mean, ...
    spread_s: float = 0.0  # ... and that of the distances from it
    at: float = 0.0
    count: int = 0

    def observe(self, now: float) -> None:
        if self.count:
            gap_s = now - self.at
            if self.count == 1:
                self.gap_s = self.spread_s = gap_s
            else:
                self.spread_s += WEIGHT * (abs(gap_s - self.gap_s) - self.spread_s)
                self.gap_s += WEIGHT * (gap_s - self.gap_s)
        self.at = now
        self.count += 1

    @property
    def next_at(self) -> float:
        """When the next one is due; 0: that cannot be told."""
        regular = self.count > 2 and self.spread_s <= REGULAR * self.gap_s
        return self.at + self.gap_s if regular else 0.0


class Rate(Struct):
    """Arrivals per second, decaying. `heat` is the decayed count of arrivals (or the sum of what
    else is observed) at `at`.
    """

    heat: float = 0.0
    at: float = 0.0

    def observe(self, now: float, amount: float = 1.0) -> None:
        self.heat = self.left(now) + amount
        self.at = max(now, self.at)

    def left(self, now: float) -> float:
        """The sum as it has faded by now."""
        return self.heat * exp(min(0.0, self.at - now) / RATE_WINDOW_S)

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
    decode: Pace = field(default_factory=Pace)  # seconds a token
    output: Mean = field(default_factory=Mean)  # tokens an answer
    medians: dict[str, Quantile] = field(default_factory=dict)  # of runs, and of waits by way
    p90s: dict[str, Quantile] = field(default_factory=dict)  # of times to first token, by way
    tenths: dict[str, Quantile] = field(default_factory=dict)  # of runs: a tenth are quicker

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
        known = own if own.work > 0 else self.prefill
        return prompt_bytes * known.per_unit(PREFILL_S_PER_BYTE)

    def likely_s(self, what: str, expected_s: float) -> float:
        """What is expected, put right by how that turned out: less as often as more."""
        median = self.medians.get(what)
        return expected_s * median.value if median else expected_s

    def quickest_s(self, what: str, expected_s: float) -> float:
        """What it takes where nothing else is in the way: a tenth of them are quicker still."""
        tenth = self.tenths.get(what)
        likely_s = self.likely_s(what, expected_s)
        return likely_s if tenth is None else min(likely_s, expected_s * tenth.value)

    def observe_likely(self, what: str, expected_s: float, actual_s: float) -> None:
        if expected_s > 0:
            ratio = max(actual_s, 1e-6) / expected_s
            self.medians.setdefault(what, Quantile(0.5)).observe(ratio)
            self.tenths.setdefault(what, Quantile(0.1)).observe(ratio)

    def p90_s(self, way: str, likely_s: float) -> float:
        """What is not exceeded nine times in ten, where so much is likely."""
        ninth = self.p90s.get(way)
        return likely_s * max(1.0, ninth.value if ninth else P90)

    def observe_p90(self, way: str, likely_s: float, actual_s: float) -> None:
        if likely_s > 0:
            ninth = self.p90s.setdefault(way, Quantile(0.9, log(P90)))
            ninth.observe(actual_s / likely_s)

    def decode_s(self, own: Pace) -> float:
        """Seconds a token, from those of its expert, else of all."""
        known = own if own.work > 0 else self.decode
        return known.per_unit(DECODE_S_PER_TOKEN)

    def observe_answer(self, own: Mean, pace: Pace, tokens: int, rest_s: float) -> None:
        """An answer of so many tokens, all but the first of which took `rest_s` (0: not known)."""
        if tokens > 0:
            own.observe(tokens)
            self.output.observe(tokens)
        if tokens > 1 and rest_s > 0:
            pace.observe(rest_s, tokens - 1)
            self.decode.observe(rest_s, tokens - 1)

    def tokens(self, own: Mean, most: int) -> float:
        """Tokens of an answer, of which at most `most` are wanted (0: no bound)."""
        usual = own if own.count else self.output
        tokens = usual.value if usual.count else OUTPUT_TOKENS
        return min(tokens, most) if most else tokens

    def observe_prefill(self, own: Pace, prompt_bytes: int, prefill_s: float) -> None:
        if prompt_bytes:
            own.observe(prefill_s, prompt_bytes)
            self.prefill.observe(prefill_s, prompt_bytes)
