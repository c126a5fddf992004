"""Requests that follow from each other: conversations, and flows through a chain of experts.

A session is a generator of its own requests; the requests of all are merged by time. What is kept
in memory are the sessions that are still going on.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from heapq import heappop, heappush, heapreplace
from random import Random

from msgspec import Struct

from coterie.workloads.demand import Demand, asked, choice
from coterie.workloads.lengths import Lengths, Lognormal, capped
from coterie.workloads.requests import Arrival

Session = Callable[[float, str, str], Iterator[Arrival]]
"""From the moment at which it begins, what it asks for and its name, to its requests in order."""
THINK = Lognormal(30.0, 1.0)
STEP = Lognormal(5.0, 0.5)


class Talk(Struct, frozen=True):
    """How conversations go.

    `turns`: their mean number, geometric from 1 on. `think_s`: seconds from a request to the next
    one of its conversation, its answer included. `message`: tokens that each turn after the first
    adds to all that was said before. `switch`: the chance that a turn asks another expert.
    `most_prompt_tokens`: with a longer prompt there is no further turn; 0: no bound.
    """

    turns: float = 4.0
    think_s: Lognormal = THINK
    message: Lengths = Lognormal(60.0, 1.0)
    switch: float = 0.0
    most_prompt_tokens: int = 32768

    def __post_init__(self) -> None:
        if not 1 <= self.turns < math.inf:
            raise ValueError(f"{self.turns!r} turns to a conversation: expected 1 or more")
        if not 0 <= self.switch <= 1:
            raise ValueError(f"a chance of {self.switch!r} to switch: expected 0 to 1")


def conversations(
    demand: Demand, talk: Talk, prompt: Lengths, output: Lengths, end_s: float, seed: int = 0
) -> Iterator[Arrival]:
    """Conversations that begin as `demand` says, with all their turns before `end_s`.

    `prompt` is the length of the first turn. The demand's rate is that of conversations: requests
    are about `talk.turns` times as many, once as many go on as will.
    """
    draw = Random(f"{seed}:conversations")
    prompts = capped(prompt.draws(draw), talk.most_prompt_tokens)
    messages, outputs = talk.message.draws(draw), output.draws(draw)
    think_s = talk.think_s.values(draw)
    pick, more, most = choice(demand), 1 - 1 / talk.turns, talk.most_prompt_tokens or math.inf
    has_others = len(demand.experts) > 1

    def session(at_s: float, expert: str, name: str) -> Iterator[Arrival]:
        tokens, answer = prompts(), outputs()
        yield Arrival(at_s, expert, tokens, answer, session=name)
        while draw.random() < more:
            tokens += answer + messages()
            if tokens > most:
                return
            at_s, answer = at_s + think_s(), outputs()
            if has_others and draw.random() < talk.switch:
                expert = _another(expert, demand, pick(at_s, draw.random()), draw)
            yield Arrival(at_s, expert, tokens, answer, session=name)

    return _merged(asked(demand, end_s, seed), session, end_s)


def flows(
    demand: Demand,
    chains: Mapping[str, tuple[str, ...]],
    prompt: Lengths,
    output: Lengths,
    end_s: float,
    seed: int = 0,
    step_s: Lognormal = STEP,
) -> Iterator[Arrival]:
    """Sessions that each go through a chain of experts, every step with all before it as prompt.

    `demand.experts` are names of `chains`. `step_s`: seconds from one step to the next.
    """
    for name in demand.experts:
        if not chains.get(name):
            raise ValueError(f"no chain {name!r}, or one without experts: there are {list(chains)}")
    draw = Random(f"{seed}:flows")
    prompts, outputs, wait_s = prompt.draws(draw), output.draws(draw), step_s.values(draw)

    def session(at_s: float, chain: str, name: str) -> Iterator[Arrival]:
        tokens = prompts()
        for expert in chains[chain]:
            answer = outputs()
            yield Arrival(at_s, expert, tokens, answer, session=name)
            tokens, at_s = tokens + answer, at_s + wait_s()

    return _merged(asked(demand, end_s, seed), session, end_s)


def _merged(
    beginnings: Iterable[tuple[float, str]], session: Session, end_s: float
) -> Iterator[Arrival]:
    """The requests of all sessions before `end_s`, in order."""
    waiting: list[tuple[float, int, Arrival, Iterator[Arrival]]] = []
    for number, (at_s, name) in enumerate(beginnings):
        while waiting and waiting[0][0] <= at_s:
            yield _passed(waiting, end_s)
        requests = session(at_s, name, f"s{number}")
        first = next(requests)
        heappush(waiting, (first.at_s, number, first, requests))
    while waiting:
        yield _passed(waiting, end_s)


def _passed(waiting: list[tuple[float, int, Arrival, Iterator[Arrival]]], end_s: float) -> Arrival:
    """The earliest request; the next one of its session takes its place."""
    _, number, arrival, requests = waiting[0]
    following = next(requests, None)
    if following is None or following.at_s >= end_s:
        heappop(waiting)
    else:
        heapreplace(waiting, (following.at_s, number, following, requests))
    return arrival


def _another(expert: str, demand: Demand, drawn: str, draw: Random) -> str:
    """The expert that was drawn; where that is the same, any of the others."""
    if drawn != expert:
        return drawn
    others = [other for other in demand.experts if other != expert]
    return others[int(draw.random() * len(others))]
