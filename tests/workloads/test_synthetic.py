import os
import subprocess
import sys
from statistics import median

import pytest

from coterie.workloads.demand import Demand
from coterie.workloads.lengths import Fixed, Lognormal
from coterie.workloads.popularity import Zipf
from coterie.workloads.processes import Gamma, Poisson
from coterie.workloads.requests import Arrival
from coterie.workloads.synthetic import generated

DEMAND = Demand(("a", "b", "c"), Gamma(20, 2), Zipf(1.0))
PRINTED = (
    "from coterie.workloads import *\n"
    "demand = Demand(('a', 'b', 'c'), Gamma(20, 2), Zipf(1.0), crowds=(Crowd('b', 1, 2, 3.0),))\n"
    "print(list(generated(demand, Lognormal(200, 1), Lognormal(90, 1), 5.0)))\n"
    "print(list(conversations(demand, Talk(), Lognormal(200, 1), Lognormal(90, 1), 5.0)))\n"
)


def test_requests_have_the_lengths_that_are_asked_for() -> None:
    found = list(generated(DEMAND, Lognormal(200, 1), Fixed(9), 500))
    assert len(found) == pytest.approx(10_000, rel=0.05)
    assert median(one.prompt_tokens for one in found) == pytest.approx(200, rel=0.05)
    assert {one.output_tokens for one in found} == {9}


def test_prompts_are_cut_where_a_context_ends() -> None:
    found = generated(DEMAND, Lognormal(200, 1), Fixed(9), 100, most_prompt_tokens=256)
    assert max(one.prompt_tokens for one in found) == 256


def test_other_lengths_leave_times_and_experts_as_they_were() -> None:
    one = generated(DEMAND, Lognormal(200, 1), Fixed(9), 100, seed=5)
    other = generated(DEMAND, Fixed(1), Lognormal(50, 2), 100, seed=5)
    assert [(a.at_s, a.expert) for a in one] == [(b.at_s, b.expert) for b in other]


def test_a_workload_without_an_end_is_made_one_by_one() -> None:
    endless = generated(Demand(("a",), Poisson(1e6)), Fixed(1), Fixed(1), float("inf"))
    assert next(endless).expert == "a"


def test_the_same_seed_gives_the_same_under_every_hash_seed() -> None:
    said = [
        subprocess.run(
            [sys.executable, "-c", PRINTED],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
        ).stdout
        for hash_seed in ("0", "1")
    ]
    assert said[0] == said[1]
    assert said[0].count(Arrival.__name__.encode()) > 50
