"""From what `coterie trace generate` is told to the workload that is meant."""

from collections.abc import Callable, Iterator

from msgspec import Struct

from coterie.cli.trace.options import experts_of, seconds_of
from coterie.cli.trace.specs import crowd_of, lengths_of, popularity_of, step_of
from coterie.errors import BadRequest
from coterie.workloads.demand import Demand
from coterie.workloads.lengths import Lognormal
from coterie.workloads.popularity import shares
from coterie.workloads.processes import (
    Constant,
    Diurnal,
    Gamma,
    OnOff,
    Poisson,
    Process,
    Stepped,
    Weibull,
)
from coterie.workloads.requests import Arrival
from coterie.workloads.sessions import STEP, THINK, Talk, conversations, flows
from coterie.workloads.synthetic import generated


class Making(Struct, frozen=True):
    """The options, as they were said; `end_s` in seconds."""

    process: str
    rate: float | None
    end_s: float
    cv: float | None
    on: str
    off: str
    swing: float | None
    period: str
    peak: str
    steps: tuple[str, ...]
    experts: str
    popularity: str
    prompt_tokens: str
    output_tokens: str
    most_prompt_tokens: int
    shifts: tuple[str, ...]
    crowds: tuple[str, ...]
    turns: float | None
    think: str
    message: str
    switch: float | None
    flows: tuple[str, ...]
    seed: int


OPTIONS = {
    "poisson": (),
    "constant": (),
    "gamma": ("cv",),
    "weibull": ("cv",),
    "onoff": ("on", "off"),
    "diurnal": ("swing", "period", "peak"),
    "stepped": ("steps", "period"),
}
"""What each process takes besides a rate."""


def made(wanted: Making) -> Iterator[Arrival]:
    """The workload. Raises BadRequest, and TraceInvalid for a trace that lengths come from."""
    prompt = lengths_of("--prompt-tokens", wanted.prompt_tokens)
    output = lengths_of("--output-tokens", wanted.output_tokens)
    try:
        demand, chains = _demand(wanted)
        if chains:
            step_s = _think(wanted, STEP)
            return flows(demand, chains, prompt, output, wanted.end_s, wanted.seed, step_s)
        if wanted.turns is not None:
            talk = Talk(
                wanted.turns,
                _think(wanted, THINK),
                lengths_of("--message", wanted.message),
                wanted.switch or 0.0,
                wanted.most_prompt_tokens,
            )
            return conversations(demand, talk, prompt, output, wanted.end_s, wanted.seed)
        most = wanted.most_prompt_tokens
        return generated(demand, prompt, output, wanted.end_s, wanted.seed, most)
    except ValueError as error:
        raise BadRequest(f"this workload cannot be made: {error}") from error


def expected(wanted: Making) -> float:
    """About how many requests that will be."""
    demand, _ = _demand(wanted)
    return demand.expected(wanted.end_s) * _requests_each(wanted)


def _demand(wanted: Making) -> tuple[Demand, dict[str, tuple[str, ...]]]:
    """What is asked for, and the chains of experts by name where it is flows."""
    if wanted.flows and (wanted.turns is not None or wanted.switch is not None):
        raise BadRequest("`--flow` and `--turns` or `--switch` are different sessions: give one")
    if wanted.switch is not None and wanted.turns is None:
        raise BadRequest("`--switch` is about conversations: give --turns as well")
    chains = {one: tuple(one.split(",")) for one in wanted.flows}
    if not all(name for chain in chains.values() for name in chain):
        raise BadRequest(f"`--flow` is {list(chains)}: expected names with commas")
    demand = Demand(
        tuple(chains) or experts_of(wanted.experts),
        _process(wanted),
        popularity_of(wanted.popularity),
        tuple(seconds_of("--shift-at", one) for one in wanted.shifts),
        tuple(crowd_of(one) for one in wanted.crowds),
    )
    return demand, chains


def _process(wanted: Making) -> Process:
    takes = OPTIONS.get(wanted.process)
    if takes is None:
        raise BadRequest(f"`--process` is {wanted.process!r}: expected one of {', '.join(OPTIONS)}")
    for option in ("cv", "on", "off", "swing", "period", "peak", "steps"):
        if getattr(wanted, option) not in (None, "", ()) and option not in takes:
            flag = "step" if option == "steps" else option
            raise BadRequest(f"`--{flag}` means nothing to {wanted.process!r} arrivals")
    if wanted.process == "stepped" and wanted.rate is not None:
        raise BadRequest("`--rate` means nothing to 'stepped' arrivals: each --step has its own")
    each = _requests_each(wanted)
    rate = (1.0 if wanted.rate is None else wanted.rate) / each
    make: dict[str, Callable[[], Process]] = {
        "poisson": lambda: Poisson(rate),
        "constant": lambda: Constant(rate),
        "gamma": lambda: Gamma(rate, _needed("cv", wanted.cv)),
        "weibull": lambda: Weibull(rate, _needed("cv", wanted.cv)),
        "onoff": lambda: OnOff.of_rate(
            rate, _seconds("on", wanted.on), _seconds("off", wanted.off)
        ),
        "diurnal": lambda: Diurnal(
            rate,
            0.8 if wanted.swing is None else wanted.swing,
            _seconds("period", wanted.period or "24h"),
            _seconds("peak", wanted.peak or "14h"),
        ),
        "stepped": lambda: Stepped(
            tuple((at_s, step / each) for at_s, step in map(step_of, wanted.steps)),
            _seconds("period", wanted.period or "0s"),
        ),
    }
    return make[wanted.process]()


def _requests_each(wanted: Making) -> float:
    """Requests of a session, on average."""
    if wanted.flows:
        parts = shares(popularity_of(wanted.popularity), len(wanted.flows))
        return sum(
            part * len(one.split(",")) for part, one in zip(parts, wanted.flows, strict=True)
        )
    return wanted.turns or 1.0


def _needed(option: str, value: float | None) -> float:
    if value is None:
        raise BadRequest(f"these arrivals need `--{option}`")
    return value


def _seconds(option: str, text: str) -> float:
    if not text:
        raise BadRequest(f"these arrivals need `--{option}`, as 30s")
    return seconds_of(f"--{option}", text)


def _think(wanted: Making, usual: Lognormal) -> Lognormal:
    if not wanted.think:
        return usual
    seconds = seconds_of("--think", wanted.think)
    if not seconds:
        raise BadRequest("`--think` is 0: expected a time such as 30s")
    return Lognormal(seconds, usual.sigma)
