"""Simulations that are run, and told apart by a digest."""

from pathlib import Path

import pytest
from msgspec import structs

from coterie.cli.simulation.modelled import modelled
from coterie.cli.simulation.runs import digest, ran, running
from coterie.simulator import Faults, Setup, requests
from coterie.workloads import Arrival
from tests.cli.simulation.documents import Folder

ASKED = list(
    requests(Arrival(float(at), "abc"[at % 3], 100, 20) for at in range(600))  # one a second
)


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    folder = Folder(tmp_path)
    return modelled(folder(), profiles=[folder.profile]).setup


def test_a_run_is_a_variant_with_its_numbers(setup: Setup) -> None:
    heard: list[int] = []
    found = ran("three", setup, ASKED, told=heard.append)
    assert (found.name, found.metrics.requests, found.metrics.answered) == ("three", 600, 600)
    assert heard == sorted(heard)
    assert 0 < len(heard) < 10 * len(ASKED)


def test_with_a_bar_it_is_the_same(setup: Setup) -> None:
    with running() as run:
        found = run("three", setup, ASKED, Faults())
    assert digest(found.outcome) == digest(ran("three", setup, ASKED).outcome)


def test_what_differs_has_another_digest(setup: Setup) -> None:
    first = digest(ran("x", setup, ASKED).outcome)
    assert first == digest(ran("y", setup, ASKED).outcome)
    others = [
        ran("x", structs.replace(setup, policy="lru"), ASKED),
        ran("x", setup, ASKED[1:]),
        ran("x", setup, ASKED, Faults(crashes_per_hour=100.0)),
        ran("x", setup, ASKED, Faults(crashes_per_hour=100.0, seed=1)),
    ]
    assert len({first, *(digest(other.outcome) for other in others)}) == 5
