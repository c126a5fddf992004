"""Who asks for what in a simulation: a trace that is had again, or requests made to measure."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path
from typing import Literal

from msgspec import Struct, structs

from coterie.cli.trace.reading import opened, watched
from coterie.cli.trace.specs import lengths_of, pairs_of, popularity_of
from coterie.config import Composition, parse_duration
from coterie.config.permission import Permissions
from coterie.errors import BadRequest
from coterie.scheduler import events as on
from coterie.simulator import requests
from coterie.types import Budget
from coterie.workloads.changes import faster
from coterie.workloads.demand import Demand
from coterie.workloads.formats.format import TraceOptions
from coterie.workloads.popularity import shares
from coterie.workloads.processes import Gamma, Poisson
from coterie.workloads.requests import Arrival
from coterie.workloads.synthetic import generated

USUAL_S = 600.0
"""How long requests are made for, where that is not said."""
MOST_REQUESTS = 20_000_000
Mapping = Literal["by-name", "by-rank"]


class Wanted(Struct, frozen=True):
    """What is asked for, as options say it. One of `trace` and `rate` is given.

    `speed`: so many times as dense. `duration`: the part that is had, after that. `mapping`: whom
    the trace's experts are: those of their names, or the composition's in turn, the most asked
    first. `ttft` and `e2e`: the budget that clients ask for.
    """

    trace: Path | None = None
    rate: float | None = None
    cv: float = 1.0
    duration: str = ""
    speed: float = 1.0
    popularity: str = "zipf:1.0"
    prompt_tokens: str = "lognormal:200,1"
    output_tokens: str = "lognormal:100,0.8"
    mapping: Mapping = "by-name"
    rename: tuple[str, ...] = ()
    sort: bool = False
    ttft: str = ""
    e2e: str = ""
    seed: int = 0


class Workload(Struct, frozen=True):
    """`notes`: what was changed to make it fit."""

    requests: list[on.Arrived]
    notes: tuple[str, ...]


def workload(composition: Composition, wanted: Wanted) -> Workload:
    """The requests to a composition. Raises BadRequest where options make no sense, and
    TraceInvalid.
    """
    budget = Budget(ttft=_seconds("--ttft", wanted.ttft), e2e=_seconds("--e2e", wanted.e2e))
    notes: list[str] = []
    with asked(composition, wanted, notes) as arrivals:
        found = _taken(requests(arrivals, budget, composition))
    if not found:
        raise BadRequest("nobody asks for anything: make it longer, or denser")
    return Workload(found, tuple(notes))


@contextmanager
def asked(
    composition: Composition, wanted: Wanted, notes: list[str]
) -> Iterator[Iterator[Arrival]]:
    """The arrivals that requests are made of, one by one, each with its expert's own name. At the
    end, what was changed is added to `notes`. Raises what `workload` does.
    """
    if not 0 < wanted.speed < inf:
        raise BadRequest(f"`--speed` is {wanted.speed:g}: expected more than 0", "speed")
    if (wanted.trace is None) == (wanted.rate is None):
        raise BadRequest("give either `--trace FILE` or `--rate REQUESTS` a second: who asks?")
    fitting = _Fitting(composition)
    if wanted.trace is None:
        yield fitting.of(_made(composition, wanted))
    else:
        trace = opened(wanted.trace, _options(composition, wanted))
        with watched(trace, "reading the trace") as arrivals:
            yield fitting.of(faster(arrivals, wanted.speed))
    notes += fitting.notes()


class _Fitting:
    """Requests as the gateway and engines would let them through; what is changed is counted."""

    def __init__(self, composition: Composition) -> None:
        self._contexts = {
            name: one.context for one in composition.experts for name in (one.name, *one.aliases)
        }
        self._permissions = Permissions(composition)
        self._cut: Counter[str] = Counter()
        self._refused = 0

    def of(self, arrivals: Iterable[Arrival]) -> Iterator[Arrival]:
        restricted = self._permissions.restricted
        for arrival in arrivals:
            if restricted and not self._permissions.may(arrival.tenant, arrival.expert):
                self._refused += 1
                continue
            prompt, output = _cut(arrival, self._contexts[arrival.expert])
            if prompt == arrival.prompt_tokens and output == arrival.output_tokens:
                yield arrival
                continue
            if arrival.output_tokens:
                self._cut[arrival.expert] += 1
            yield structs.replace(arrival, prompt_tokens=prompt, output_tokens=output)

    def notes(self) -> Iterator[str]:
        cut = self._cut.total()
        if cut:
            worst, count = self._cut.most_common(1)[0]
            yield (
                f"{cut:,} request(s) have more tokens than their expert's `context` and are cut to "
                f"it; {count:,} of them ask {worst!r}"
            )
        if self._refused:
            yield (
                f"{self._refused:,} request(s) are left out: their tenants may not use the expert, "
                "and the gateway answers 403"
            )


def _cut(arrival: Arrival, context: int) -> tuple[int, int]:
    """Tokens in and out as a context holds them: an answer keeps up to half of it, and has at least
    one.
    """
    prompt, output = arrival.prompt_tokens, max(1, arrival.output_tokens)
    if prompt + output <= context:
        return prompt, output
    output = min(output, max(context // 2, context - prompt))
    return min(prompt, context - output), output


def _made(composition: Composition, wanted: Wanted) -> Iterator[Arrival]:
    names = tuple(one.name for one in composition.experts)
    popularity = popularity_of(wanted.popularity)
    prompts = lengths_of("--prompt-tokens", wanted.prompt_tokens)
    outputs = lengths_of("--output-tokens", wanted.output_tokens)
    rate = (wanted.rate or 0.0) * wanted.speed
    end_s = _seconds("--duration", wanted.duration) or USUAL_S
    try:
        process = Poisson(rate) if wanted.cv == 1.0 else Gamma(rate, wanted.cv)
        demand = Demand(names, process, popularity)
    except ValueError as error:
        raise BadRequest(f"the requests to be made: {error}") from error
    _check_count(process.expected(end_s))
    return generated(demand, prompts, outputs, end_s, wanted.seed)


def _options(composition: Composition, wanted: Wanted) -> TraceOptions:
    """How the trace is read: the experts that it names are those that there are."""
    names = tuple(one.name for one in composition.experts)
    popularity = popularity_of(wanted.popularity)
    try:
        shares(popularity, len(names))
    except ValueError as error:
        raise BadRequest(f"`--popularity` is {wanted.popularity!r}: {error}") from error
    end_s = _seconds("--duration", wanted.duration) * wanted.speed or inf
    aliases = {alias: one.name for one in composition.experts for alias in one.aliases}
    renamed = pairs_of("--rename", wanted.rename)
    unranked = TraceOptions(nobody="-", names=renamed, sort=wanted.sort, end_s=end_s)
    if wanted.mapping == "by-rank":
        assert wanted.trace is not None
        if renamed:
            raise BadRequest("`--rename` and `--map by-rank` both say who is asked: give one")
        with watched(opened(wanted.trace, unranked), "counting") as arrivals:
            renamed = _ranked(arrivals, names)
    return structs.replace(
        unranked,
        experts=names,
        popularity=popularity,
        names=aliases | {old: aliases.get(new, new) for old, new in renamed.items()},
        seed=wanted.seed,
    )


def _ranked(arrivals: Iterable[Arrival], names: tuple[str, ...]) -> dict[str, str]:
    """Those who are asked in a trace, the most first, as the composition's in their order, and
    again from the first.
    """
    counts = Counter(arrival.expert for arrival in arrivals)
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    return {name: names[place % len(names)] for place, name in enumerate(ranked)}


def _taken(asked: Iterator[on.Arrived]) -> list[on.Arrived]:
    found: list[on.Arrived] = []
    for request in asked:
        found.append(request)
        _check_count(len(found))
    return found


def _check_count(count: float) -> None:
    if count > MOST_REQUESTS:
        raise BadRequest(
            f"more than {MOST_REQUESTS:,} requests: take a part by `--duration`, or a sample by "
            "`coterie trace sample`"
        )


def _seconds(option: str, text: str) -> float:
    """0: it is not given."""
    if not text:
        return 0.0
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise BadRequest(f"`{option}` is wrong: {error}", option.lstrip("-")) from error
    if not seconds:
        raise BadRequest(f"`{option}` is 0: expected more", option.lstrip("-"))
    return seconds
