"""Arrivals become what the gateway would have sent on."""

from coterie.config import Composition, decode
from coterie.simulator import requests
from coterie.types import Budget
from coterie.workloads import Arrival

DOCUMENT = b"""
nodes: [{name: n, devices: [{name: d, hot: 1GiB}]}]
experts:
- name: writer
  engine: echo
  aliases: [w]
  priority: batch
  budget: {ttft: 3s}
  fallbacks: [coder, base]
- {name: coder, engine: echo}
- {name: base, engine: echo}
keys:
- name: k
  sha256: eb72c3541ce3eae9992b0cf506950ce98a8483a6a97dcb111e5547f03a1758d3
  tenant: team
tenants:
- {name: team, budget: {ttft: 9s, e2e: 60s}, priority: standard, experts: [writer, base]}
"""


def composition() -> Composition:
    return decode(DOCUMENT, "x.yaml")


def test_without_a_composition_arrivals_are_taken_at_their_word() -> None:
    arrival = Arrival(1.5, "x", 100, 20, tenant="t", session="s", priority="batch")
    (found,) = requests([arrival], Budget(e2e=30.0))
    assert (found.at, found.request, found.expert) == (1.5, "r0000000", "x")
    assert (found.prompt_bytes, found.output_tokens) == (750, 20)
    assert (found.tenant, found.priority, found.budget) == ("t", "batch", Budget(e2e=30.0))
    assert found.fallbacks == ()


def test_an_expert_lends_its_budget_priority_and_fallbacks() -> None:
    (found,) = requests([Arrival(0.0, "writer", 1, 1)], composition=composition())
    assert found.budget == Budget(ttft=3.0)
    assert found.priority == "batch"
    assert found.fallbacks == ("coder", "base")


def test_an_alias_is_its_expert() -> None:
    (found,) = requests([Arrival(0.0, "w", 1, 1)], composition=composition())
    assert found.expert == "writer"


def test_a_tenant_fills_in_what_neither_client_nor_expert_says() -> None:
    arrival = Arrival(0.0, "writer", 1, 1, tenant="team")
    (found,) = requests([arrival], composition=composition())
    assert found.budget == Budget(ttft=3.0, e2e=60.0)
    assert found.fallbacks == ("base",)  # it may not use the other
    (own,) = requests([arrival], Budget(ttft=1.0), composition())
    assert own.budget == Budget(ttft=1.0, e2e=60.0)


def test_a_tenant_has_no_higher_priority_than_it_may() -> None:
    asked = [
        Arrival(0.0, "base", 1, 1, tenant=tenant, priority="interactive") for tenant in ("team", "")
    ]
    found = requests(asked, composition=composition())
    assert [one.priority for one in found] == ["standard", "interactive"]


def test_requests_are_made_one_by_one() -> None:
    arrivals = (Arrival(float(number), "base", 1, 1) for number in range(3))
    made = requests(arrivals, composition=composition())
    assert next(made).request == "r0000000"
    assert next(arrivals).at_s == 1.0
