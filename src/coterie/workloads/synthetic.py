"""Requests made to measure, one by one: a million of them take no more memory than one.

The same seed gives the same workload, on every machine.
"""

from collections.abc import Iterator
from random import Random

from coterie.workloads.demand import Demand, asked
from coterie.workloads.lengths import Lengths, capped
from coterie.workloads.requests import Arrival


def generated(
    demand: Demand,
    prompt: Lengths,
    output: Lengths,
    end_s: float,
    seed: int = 0,
    most_prompt_tokens: int = 0,
) -> Iterator[Arrival]:
    """The requests before `end_s`, each by itself. `most_prompt_tokens`: where prompts are cut; 0:
    nowhere.
    """
    prompts = capped(prompt.draws(Random(f"{seed}:prompts")), most_prompt_tokens)
    outputs = output.draws(Random(f"{seed}:outputs"))
    for at_s, expert in asked(demand, end_s, seed):
        yield Arrival(at_s, expert, prompts(), outputs())
