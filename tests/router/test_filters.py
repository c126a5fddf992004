"""Who cannot answer at all."""

import pytest

from coterie.router.filters import joined, late, unable
from coterie.router.prompt import Prompt
from coterie.scheduler.status import Outlook
from coterie.types import Budget, Expert

PLAIN = Expert("plain", context=100)
SEEING = Expert("seeing", context=100, capabilities=("images", "tools"))


@pytest.mark.parametrize(
    ("prompt", "expert", "told"),
    [
        (Prompt(), PLAIN, ""),
        (Prompt(tools=True, json=True), PLAIN, ""),
        (Prompt(images=True), PLAIN, "'plain' has no images"),
        (Prompt(images=True, json=True), SEEING, "'seeing' has no json"),
        (Prompt(tokens=99), PLAIN, ""),
        (Prompt(tokens=100), PLAIN, "about 101 tokens are more than the 100 of 'plain'"),
        (Prompt(tokens=60, output_tokens=41), PLAIN, "about 101 tokens"),
    ],
)
def test_what_an_expert_cannot_do_is_told(prompt: Prompt, expert: Expert, told: str) -> None:
    found = unable(prompt, [expert])
    assert (told in found) if told else not found


def test_a_flow_can_do_what_all_its_experts_can() -> None:
    assert unable(Prompt(images=True), [SEEING, PLAIN]) == "'plain' has no images"


def test_being_late_is_told_by_the_budget_that_is_missed() -> None:
    outlook = Outlook("a", "evicts", first_s=3.0, last_s=9.0)
    assert late(outlook, Budget(), streams=True) == ""
    assert late(outlook, Budget(ttft=2.0), streams=True).startswith("its first token")
    assert late(outlook, Budget(ttft=2.0), streams=False) == ""
    assert late(outlook, Budget(e2e=8.0), streams=False).startswith("it would have answered")
    assert late(outlook, Budget(ttft=3.0, e2e=9.0), streams=True) == ""


def test_the_outlook_of_a_flow_is_made_of_its_experts() -> None:
    a = Outlook("a", "resident", 1.0, 2.0, hot_bytes=3)
    b = Outlook("b", "evicts", 4.0, 9.0, known=False, hot_bytes=5, reason="why")
    chain = joined("f", [a, b], "chain")
    assert chain == Outlook("f", "evicts", 6.0, 11.0, False, 8, "why")
    assert joined("f", [a, b], "cascade").last_s == 2.0
    assert joined("f", [a, b], "parallel").first_s == 9.0
    assert joined("f", [a], "map") == Outlook("f", "resident", 1.0, 2.0, hot_bytes=3)
