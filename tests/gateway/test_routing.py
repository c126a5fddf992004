"""Decisions for the gateway: where they are made, and what becomes of failures."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from coterie.config import Composition
from coterie.config.route import Route, Rule
from coterie.errors import Refused
from coterie.gateway.routing import MOST_JUDGED, Routed, Routing
from coterie.router.decision import Decision
from coterie.router.evidence import Evidence
from coterie.router.feedback import Feedback
from coterie.router.judge import Judge
from coterie.router.router import Router
from coterie.router.words import Words
from coterie.scheduler.status import Outlook
from coterie.testing.control import FakeControl
from coterie.types import Device, Expert, Node, Terms

ROUTE = Route("auto", "a", candidates=("a", "b"), learned="x", embedder="minilm")
COMPOSITION = Composition(
    nodes=(Node("n", (Device("ram", 100),)),),
    experts=(Expert("a", engine="echo"), Expert("b", engine="echo")),
    routes=(ROUTE, Route("plain", "a", rules=(Rule(to="b", code=True),))),
)
SAID = {"messages": [{"role": "user", "content": "hello"}]}


class Slow:
    """Says in which thread it was asked."""

    experts = ("a", "b")
    priors: Mapping[str, float] = {"a": 0.5, "b": 0.5}
    strange = ""

    def __init__(self) -> None:
        self.threads: list[int] = []
        self.embedder = Words()
        self.embedder.name = "minilm"

    def predict(self, text: str) -> Evidence:
        self.threads.append(threading.get_ident())
        return Evidence("greeting", 0.9, {"a": 0.1, "b": 0.8})


class Broken(FakeControl):
    """Cannot say how anybody is."""

    def outlook(
        self, experts: Sequence[str], *, prompt_bytes: int = 0, output_tokens: int = 0
    ) -> list[Outlook]:
        raise RuntimeError("no view")


def routing(control: FakeControl, learned: Slow | None = None) -> Routing:
    routers = {"auto": Router(ROUTE, COMPOSITION, Judge(None, learned))} if learned else {}
    return Routing(COMPOSITION, control, routers, {})


async def test_what_takes_long_is_judged_in_a_thread() -> None:
    slow = Slow()
    found = await routing(FakeControl(), slow).decide(ROUTE, SAID, Terms(), {}, 10)
    assert found.decision.expert == "b"
    assert found.text == "hello"
    assert slow.threads != [threading.get_ident()]


async def test_a_route_without_its_router_goes_by_its_rules() -> None:
    plain = COMPOSITION.routes[1]
    code = {"prompt": "```x```"}
    found = await routing(FakeControl()).decide(plain, code, Terms(), {}, 10)
    assert found.decision.expert == "b"


async def test_what_fails_leaves_the_generalist(caplog: pytest.LogCaptureFixture) -> None:
    found = await routing(Broken(), Slow()).decide(ROUTE, SAID, Terms(), {}, 10)
    assert found.decision == Decision("auto", "a", reason="default: the route failed: RuntimeError")
    assert "failed to decide" in caplog.text


async def test_a_router_that_does_not_work_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(Slow):
        def predict(self, text: str) -> Evidence:
            raise ValueError("no weights")

    subject = routing(FakeControl(), Failing())
    for _ in range(2):
        found = await subject.decide(ROUTE, SAID, Terms(), {}, 10)
        assert found.decision.expert == "a"
    assert caplog.text.count("'auto' does not work: default: the prompt was not judged") == 1


@pytest.mark.parametrize("reason", ["a\r\nx-evil: 1", "ä" * 1000, "\0\x7f"])
def test_labels_are_short_and_plain(reason: str) -> None:
    decision = Decision("auto", "a", "ca\nt", 0.456, {"a": 0.5, "b": 1 / 3}, reason)
    lines = Routed(decision).labels.split(b"\r\n")
    assert lines.pop() == b""
    assert [line.split(b": ")[0] for line in lines] == [
        b"x-coterie-route",
        b"x-coterie-route-category",
        b"x-coterie-route-confidence",
        b"x-coterie-route-scores",
        b"x-coterie-route-reason",
    ]
    assert lines[1:4] == [
        b"x-coterie-route-category: ca?t",
        b"x-coterie-route-confidence: 0.46",
        b"x-coterie-route-scores: a=0.500, b=0.333",
    ]
    assert all(len(line) < 350 and line.isascii() and line.decode().isprintable() for line in lines)


async def test_looking_remembers_nothing() -> None:
    subject = routing(FakeControl())
    plain = COMPOSITION.routes[1]
    talk: list[dict[str, Any]] = [{"role": "user", "content": "```x```"}]
    await subject.decide(plain, {"messages": talk}, Terms(), {}, 10, looking=True)
    talk += [{"role": "assistant", "content": "y"}, {"role": "user", "content": "commit it"}]
    found = await subject.decide(plain, {"messages": talk}, Terms(), {}, 10)
    assert found.decision.expert == "a"


async def test_what_takes_long_is_judged_in_a_thread_where_a_rules_expert_is_away() -> None:
    """A rule that decides saves the judging; here it does not, for the one it names is away."""
    rule = Rule(to="b", keywords=("hello",))
    route = Route("auto", "a", candidates=("a", "b"), rules=(rule,), embedder="minilm")
    slow, control = Slow(), FakeControl()
    control.outlooks["b"] = Outlook("b", "unavailable", reason="it failed to load")
    subject = Routing(
        COMPOSITION, control, {"auto": Router(route, COMPOSITION, Judge(None, slow))}, {}
    )
    found = await subject.decide(route, SAID, Terms(), {}, 10)
    assert found.decision.expert == "a"
    assert len(slow.threads) == 1
    assert slow.threads != [threading.get_ident()]


class Held(Slow):
    """Says nothing before it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.free = threading.Event()

    def predict(self, text: str) -> Evidence:
        self.free.wait()
        return super().predict(text)


async def test_judging_does_not_wait_for_what_else_is_done_in_threads() -> None:
    """Weights are hashed and read ahead in the loop's own threads, for minutes."""
    free = threading.Event()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))
    busy = loop.run_in_executor(None, free.wait)
    try:
        found = await routing(FakeControl(), Slow()).decide(ROUTE, SAID, Terms(), {}, 10)
    finally:
        free.set()
        await busy
    assert found.decision.expert == "b"


async def test_the_line_of_those_who_wait_for_being_judged_is_bounded() -> None:
    held = Held()
    subject = routing(FakeControl(), held)
    waiting = [
        asyncio.ensure_future(subject.decide(ROUTE, SAID, Terms(), {}, 10))
        for _ in range(MOST_JUDGED)
    ]
    await asyncio.sleep(0)
    found = await subject.decide(ROUTE, SAID, Terms(), {}, 10)
    assert found.decision.expert == "a"
    assert found.decision.reason.startswith("default: the prompt was not judged")
    left = waiting.pop()
    left.cancel()
    await asyncio.wait([left])
    held.free.set()
    assert {one.decision.expert for one in await asyncio.gather(*waiting)} == {"b"}
    assert len(held.threads) == MOST_JUDGED - 1
    found = await subject.decide(ROUTE, SAID, Terms(), {}, 10)
    assert found.decision.expert == "b"


async def test_a_rating_that_cannot_be_written_is_refused_and_may_come_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "routes").touch()  # where a folder should be
    feedback = Feedback(tmp_path / "routes", "auto")
    subject = Routing(COMPOSITION, FakeControl(), {}, {"auto": feedback})
    subject.answered("r1", Routed(Decision("auto", "a"), "hello"), "a", "")
    with pytest.raises(Refused, match="the rating cannot be kept now") as caught:
        subject.rate({"request": "r1", "score": 1}, "")
    assert str(tmp_path) not in str(caught.value)
    assert "ratings of route 'auto' cannot be written" in caplog.text
    (tmp_path / "routes").unlink()
    subject.rate({"request": "r1", "score": 1}, "")
    assert b'"scores":{"a":1.0}' in feedback.path.read_bytes()
