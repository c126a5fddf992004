import shlex
from pathlib import Path

import pytest

from coterie.cli.trace.describe_report import (
    MOST_ROWS,
    NOBODY,
    drawn,
    like,
    lines,
    page,
    show,
    tables,
)
from coterie.workloads.demand import Demand
from coterie.workloads.describe import described
from coterie.workloads.lengths import Lognormal
from coterie.workloads.popularity import Zipf
from coterie.workloads.processes import Gamma, Poisson, Process
from coterie.workloads.requests import Arrival
from coterie.workloads.synthetic import generated


def workload(process: Process, experts: int = 40) -> list[Arrival]:
    names = tuple(f"e{i:02}" for i in range(experts))
    demand = Demand(names, process, Zipf(1.1))
    return list(generated(demand, Lognormal(300, 0.8), Lognormal(90, 0.5), 600))


def option(words: list[str], name: str) -> str:
    return words[words.index(name) + 1]


def test_the_like_is_made_by_the_same_rate_bursts_popularity_and_lengths() -> None:
    words = shlex.split(like(described(workload(Gamma(20, 2.0)))))
    assert words[:3] == ["coterie", "trace", "generate"]
    assert option(words, "--process") == "gamma"
    assert float(option(words, "--cv")) == pytest.approx(2.0, rel=0.06)
    assert float(option(words, "--rate")) == pytest.approx(20, rel=0.06)
    assert option(words, "--duration") == "600s"
    assert option(words, "--experts") == "40"
    assert float(option(words, "--popularity").removeprefix("zipf:")) == pytest.approx(1.1, abs=0.1)
    median, sigma = option(words, "--prompt-tokens").removeprefix("lognormal:").split(",")
    assert float(median) == pytest.approx(300, rel=0.05)
    assert float(sigma) == pytest.approx(0.8, abs=0.05)
    few = like(described(workload(Poisson(20), experts=3)))
    assert "--process poisson" in few
    assert "--experts e00,e01,e02" in few


def test_many_experts_are_cut_off_with_what_they_have_together() -> None:
    _, experts = tables(described(workload(Poisson(20))))
    assert len(experts.rows) == MOST_ROWS + 1
    assert experts.rows[-1][0] == "10 more"


def test_nobody_is_not_listed() -> None:
    found = described([Arrival(0.0, NOBODY, 1, 1), Arrival(1.0, NOBODY, 1, 1)])
    assert len(tables(found)) == 1
    assert "--experts" not in like(found)


def test_tenants_sessions_and_priorities_are_told_where_there_are_any() -> None:
    arrivals = [
        Arrival(0.0, "a", 1, 1, "shop", "s1"),
        Arrival(2.0, "a", 1, 1, "shop", "s1", "batch"),
        Arrival(3.0, "a", 1, 1, "desk"),
    ]
    found = described(arrivals)
    said = dict(lines(Path("t.csv"), "csv", found))
    assert said["priorities"] == "batch 1, standard 2"
    assert said["sessions"].startswith("1 with 2 requests: 2.00 each on average")
    assert said["from turn to turn"] == "p50 2s, p95 2s"
    assert [sheet.title for sheet in tables(found)] == [
        *("Tokens of a request", "Experts", "Tenants"),
    ]


def test_it_is_shown_and_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib", reason="plots are optional")
    found = described(workload(Poisson(5), experts=3))
    show(Path("t.csv"), "csv", found)
    assert "popularity" in capsys.readouterr().out
    figure = drawn(found)
    assert len(figure.axes) == 4
    written = page(Path("a<b.csv"), "csv", found, figure)
    assert b"a&lt;b.csv" in written
    assert b"<svg" in written
