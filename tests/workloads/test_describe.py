import pytest

from coterie.errors import TraceInvalid
from coterie.workloads import describe as module
from coterie.workloads.demand import Demand
from coterie.workloads.describe import described
from coterie.workloads.lengths import Lognormal
from coterie.workloads.popularity import Zipf
from coterie.workloads.processes import Gamma
from coterie.workloads.requests import Arrival
from coterie.workloads.synthetic import generated

FEW = [
    Arrival(10.0, "a", 100, 1, "shop", "s1"),
    Arrival(11.0, "b", 200, 2, "shop", "s2"),
    Arrival(13.0, "a", 600, 3, "desk", "s1", "batch"),
    Arrival(14.0, "a", 300, 4),
]


def test_a_few_requests_are_described_exactly() -> None:
    found = described(FEW, window_s=2.0)
    assert (found.requests, found.begin_s, found.duration_s, found.rate) == (4, 10.0, 4.0, 0.75)
    assert [(one.name, one.requests, one.share) for one in found.experts] == [
        ("a", 3, 0.75),
        ("b", 1, 0.25),
    ]
    assert found.experts[0].mean_prompt_tokens == pytest.approx(1000 / 3)
    assert [(one.name, one.requests) for one in found.tenants] == [("shop", 2), ("desk", 1)]
    assert found.priorities == {"batch": 1, "standard": 3}
    assert (found.prompt_tokens.mean, found.prompt_tokens.max) == (300, 600)
    assert found.prompt_tokens.p50 == 250
    assert found.prompt_tokens.p99 == pytest.approx(591)
    assert found.burstiness.windows == 2
    assert found.burstiness.peak_to_mean == pytest.approx(2 / 1.5)
    assert found.burstiness.most_distinct_experts == 2
    assert found.conversations is not None
    assert (found.conversations.sessions, found.conversations.requests) == (2, 3)
    assert found.conversations.turns.max == 2
    assert found.conversations.think_s is not None
    assert found.conversations.think_s.p50 == 3.0
    assert sum(found.timeline.requests) == 4
    assert sum(found.timeline.by_expert["a"]) == 3


def test_what_made_a_workload_is_found_again() -> None:
    demand = Demand(tuple("abcdefgh"), Gamma(20, 2.0), Zipf(1.2))
    found = described(generated(demand, Lognormal(300, 0.8), Lognormal(90, 0.5), 1000))
    assert found.rate == pytest.approx(20, rel=0.05)
    assert found.burstiness.cv == pytest.approx(2.0, rel=0.05)
    assert found.zipf == pytest.approx(1.2, abs=0.05)
    assert found.prompt_tokens.p50 == pytest.approx(300, rel=0.05)
    assert found.output_tokens.p50 == pytest.approx(90, rel=0.05)
    assert found.conversations is None


def test_one_request_has_neither_rate_nor_bursts() -> None:
    found = described(FEW[:1])
    assert (found.rate, found.burstiness.cv, found.burstiness.peak_to_mean) == (None, None, None)
    assert found.zipf == 0.0
    assert found.conversations is not None
    assert found.conversations.think_s is None


def test_no_request_is_nothing_to_describe() -> None:
    with pytest.raises(TraceInvalid, match="nothing to describe"):
        described([])


def test_names_without_an_end_are_no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_NAMES", 100)
    with pytest.raises(TraceInvalid, match="more than 100 experts or tenants, as 'e100'"):
        described(Arrival(float(i), f"e{i}", 1, 1) for i in range(200))
