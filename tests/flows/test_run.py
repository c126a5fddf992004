"""Chains, cascades, voices together and lists: who is asked what, in which order, and what comes of
it.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from msgspec import structs

from coterie.config.flow import Accept, Flow, Stage
from coterie.errors import BadRequest, CoterieError, ExpertUnavailable
from coterie.flows import Call, Left, Reply, Told, run

ASKED = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "two\none\ntwo"}]


class Fake:
    """Answers by the expert's name, and remembers."""

    def __init__(self, **answers: str | Exception | Callable[[str], str]) -> None:
        self.answers = answers
        self.calls: list[Call] = []
        self.clock = 0.0
        self.open = 0
        self.most_open = 0

    async def ask(self, call: Call) -> Reply:
        self.calls.append(call)
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            await asyncio.sleep(0)
        finally:
            self.open -= 1
        self.clock += 1.0
        answer = self.answers[call.expert]
        if isinstance(answer, Exception):
            raise answer
        said = answer(self.said(call)) if callable(answer) else answer
        text, _, confidence = said.partition("@")
        return Reply(text, 10, 2, float(confidence) if confidence else None)

    def now(self) -> float:
        return self.clock

    @staticmethod
    def said(call: Call) -> str:
        return str(call.messages[-1]["content"])

    @property
    def experts(self) -> list[str]:
        return [call.expert for call in self.calls]


async def told(flow: Flow, party: Fake, *others: Flow, **options: Any) -> Told | Left:
    flows = {one.name: one for one in (flow, *others)}
    return await run(flow, flows, ASKED, party, **{"streams": False, **options})


async def text(flow: Flow, party: Fake, *others: Flow) -> str:
    end = await told(flow, party, *others)
    assert isinstance(end, Told)
    return end.reply.text


CHAIN = Flow(
    "f",
    "chain",
    (
        Stage("a", name="draft"),
        Stage("b"),
        Stage("c", prompt="{input}|{draft}|{previous}|{other}", fields={"max_tokens": 9}),
    ),
)


async def test_a_chain_hands_each_answer_on() -> None:
    party = Fake(a="A", b="B", c="C")
    end = await told(CHAIN, party)
    assert isinstance(end, Told)
    assert end.reply.text == "C"
    assert [list(call.messages) for call in party.calls[:2]] == [
        ASKED,
        [{"role": "user", "content": "A"}],
    ]
    assert party.said(party.calls[2]) == "two\none\ntwo|A|B|{other}"
    assert [call.parts for call in party.calls] == [3, 2, 1]
    assert [call.role for call in party.calls] == ["aside", "aside", "last"]
    assert [call.then for call in party.calls] == ["b", "c", ""]
    assert [(timing.stage, timing.expert, timing.run_s) for timing in end.timings] == [
        ("draft", "a", 1.0),
        ("b", "b", 1.0),
        ("c", "c", 1.0),
    ]
    assert (end.prompt_tokens, end.output_tokens) == (30, 6)


async def test_its_last_question_is_left_to_be_streamed() -> None:
    party = Fake(a="A", b="B")
    end = await told(CHAIN, party, streams=True)
    assert isinstance(end, Left)
    assert (end.call.expert, end.call.role, end.call.fields) == ("c", "last", {"max_tokens": 9})
    assert party.experts == ["a", "b"]
    assert len(end.timings) == 2


async def test_a_failed_stage_says_which_and_what() -> None:
    party = Fake(a="A", b=ExpertUnavailable("expert 'b' is not available", 3.0))
    with pytest.raises(ExpertUnavailable, match="stage 'b' of flow 'f': expert 'b'") as caught:
        await told(CHAIN, party)
    assert caught.value.retry_after_s == 3.0


async def test_a_fallback_answers_the_conversation_instead() -> None:
    flow = Flow("f", "chain", CHAIN.stages, fallback="z")
    party = Fake(a=BadRequest("no"), z="Z")
    assert await text(flow, party) == "Z"
    assert list(party.calls[-1].messages) == ASKED
    end = await told(flow, Fake(a=BadRequest("no")), streams=True)
    assert isinstance(end, Left)
    assert end.call.expert == "z"


@pytest.mark.parametrize(
    ("accept", "answer", "taken"),
    [
        (Accept(json=True), '{"x": 1}', True),
        (Accept(json=True), "x", False),
        (Accept(pattern=r"\d+"), "it is 7", True),
        (Accept(pattern=r"\d+"), "seven", False),
        (Accept(confidence=80), "yes@0.8", True),
        (Accept(confidence=80), "yes@0.79", False),
        (Accept(confidence=80), "yes", False),
        (Accept(judge="j"), "good", True),
        (Accept(judge="j"), "bad", False),
        (Accept(judge="j", pattern="x"), "good", False),
    ],
)
async def test_a_cascade_takes_the_first_good_answer(
    accept: Accept, answer: str, taken: bool
) -> None:
    flow = Flow("f", "cascade", (Stage("a", accept=accept), Stage("b")))
    party = Fake(a=answer, b="B", j=lambda asked: "Yes." if "good" in asked else "no")
    assert await text(flow, party) == (answer.partition("@")[0] if taken else "B")
    assert party.calls[0].confidence == bool(accept.confidence)
    roles = {"a": "part", "b": "last", "j": "aside"}
    assert [call.role for call in party.calls] == [roles[expert] for expert in party.experts]
    assert ("b" in party.experts) is not taken


async def test_a_stage_of_a_cascade_that_fails_was_not_good_enough() -> None:
    flow = Flow("f", "cascade", (Stage("a", accept=Accept(json=True)), Stage("b")))
    assert await text(flow, Fake(a=ExpertUnavailable("gone", 1.0), b="B")) == "B"
    end = await told(flow, Fake(a="no json"), streams=True)
    assert isinstance(end, Left)
    assert end.call.expert == "b"
    end = await told(flow, Fake(a="[]"), streams=True)
    assert isinstance(end, Told)
    assert end.reply.text == "[]"


async def test_voices_together_are_merged_in_their_order_or_counted() -> None:
    voices = (Stage("a"), Stage("b"), Stage("c"))
    party = Fake(a="Yes.", b="no", c="yes")
    assert await text(Flow("f", "parallel", voices), party) == "Yes.\nno\nyes"
    assert party.most_open == 3
    assert {call.role for call in party.calls} == {"part"}
    assert await text(Flow("f", "parallel", voices, combine="vote"), party) == "Yes."


async def test_a_judge_sees_all_answers_and_writes_the_last_word() -> None:
    stages = (Stage("a"), Stage("b"), Stage("j", prompt="Q: {input}\n{answers}"))
    flow = Flow("f", "parallel", stages, combine="judge")
    party = Fake(a="A", b="B", j="J")
    assert await text(flow, party) == "J"
    assert [call.role for call in party.calls] == ["aside", "aside", "last"]
    assert party.said(party.calls[2]) == "Q: two\none\ntwo\nAnswer 1:\nA\n\nAnswer 2:\nB"
    end = await told(flow, party, streams=True)
    assert isinstance(end, Left)
    assert end.call.expert == "j"


async def test_an_answer_that_was_cut_short_says_so() -> None:
    class Cut(Fake):
        async def ask(self, call: Call) -> Reply:
            reply = await super().ask(call)
            return structs.replace(reply, finish="length" if call.expert == "b" else "stop")

    party = Cut(a="A", b="B")
    for flow, finish in (
        (Flow("f", "parallel", (Stage("a"), Stage("b"))), "length"),
        (Flow("f", "parallel", (Stage("a"), Stage("a"))), "stop"),
        (Flow("f", "parallel", (Stage("a"), Stage("a"), Stage("b")), combine="vote"), "stop"),
        (Flow("f", "chain", (Stage("a"), Stage("b"))), "length"),
        (Flow("f", "chain", (Stage("b"), Stage("a"))), "stop"),
    ):
        end = await told(flow, party)
        assert isinstance(end, Told)
        assert end.reply.finish == finish


async def test_one_voice_that_fails_ends_the_others() -> None:
    flow = Flow("f", "parallel", (Stage("a"), Stage("b")))
    party = Fake(a=ExpertUnavailable("gone", 1.0), b="B")
    with pytest.raises(ExpertUnavailable, match="stage 'a'"):
        await told(flow, party)
    assert party.open == 0


async def test_a_map_asks_for_each_item_a_few_at_a_time() -> None:
    flow = Flow("f", "map", (Stage("a", prompt="<{item}>"),))
    party = Fake(a=lambda asked: asked.upper())
    assert await text(flow, party) == "<TWO>\n<ONE>\n<TWO>"
    asked = [{"role": "user", "content": "\n".join(str(i) for i in range(30))}]
    end = await run(flow, {}, asked, party, streams=True)
    assert isinstance(end, Told)
    assert end.reply.text.splitlines() == [f"<{i}>" for i in range(30)]
    assert party.most_open == 8


async def test_a_list_may_be_json_and_reduced_by_a_judge() -> None:
    stages = (Stage("a"), Stage("j", prompt="{answers}"))
    flow = Flow("f", "map", stages, split="json", combine="judge")
    party = Fake(a=lambda asked: asked, j=lambda asked: asked)
    asked = [{"role": "user", "content": '["x", {"y": 1}]'}]
    end = await run(flow, {}, asked, party, streams=False)
    assert isinstance(end, Told)
    assert end.reply.text == 'Answer 1:\nx\n\nAnswer 2:\n{"y": 1}'


async def test_flows_stand_in_flows() -> None:
    inner = Flow("inner", "chain", (Stage("a"), Stage("b")))
    outer = Flow("outer", "chain", (Stage("inner"), Stage("c")))
    party = Fake(a="A", b="B", c="C")
    assert await text(outer, party, inner) == "C"
    assert party.experts == ["a", "b", "c"]
    assert [call.parts for call in party.calls] == [3, 2, 1]
    tail = Flow("tail", "chain", (Stage("c"), Stage("inner")))
    end = await told(tail, Fake(a="A", c="C"), inner, streams=True)
    assert isinstance(end, Left)
    assert end.call.expert == "b"


@pytest.mark.parametrize("messages", [[], [{"role": "user"}], [{"role": "user", "content": " "}]])
async def test_without_a_text_there_is_nothing_to_work_on(
    messages: Sequence[dict[str, Any]],
) -> None:
    with pytest.raises(BadRequest, match="last message"):
        await run(CHAIN, {}, messages, Fake(), streams=False)


async def test_who_leaves_ends_every_stage() -> None:
    party = Fake(a="A", b="B")

    async def never(call: Call) -> Reply:
        party.open += 1
        try:
            await asyncio.sleep(60)
        finally:
            party.open -= 1
        raise CoterieError("never")

    party.ask = never  # type: ignore[method-assign]
    task = asyncio.ensure_future(told(Flow("f", "parallel", (Stage("a"), Stage("b"))), party))
    for _ in range(10):
        await asyncio.sleep(0)
    assert party.open == 2
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert party.open == 0
