"""Flows, through the official client and over the wire."""

from typing import Any

import openai
import pytest

from coterie.config import Limits
from coterie.config.flow import Accept, Flow, Stage
from coterie.errors import ExpertUnavailable
from coterie.scheduler.status import ExpertStatus
from coterie.testing.upstream import COMPLETION, Received, complete
from coterie.types import Budget, Expert

CHAT = "/v1/chat/completions"
A, B = Expert("a", engine="echo", defaults={"top_k": 3}), Expert("b", engine="echo")
CHAIN = Flow(
    "both",
    "chain",
    (Stage("a", name="draft", fields={"max_tokens": 7}), Stage("b", prompt="{input}: {draft}")),
)
CASCADE = Flow(
    "first", "cascade", (Stage("a", accept=Accept(pattern="two")), Stage("b")), budget=Budget(e2e=9)
)
ASK: dict[str, Any] = {"model": "both", "messages": [{"role": "user", "content": "hi"}]}


async def test_a_chain_is_one_answer_and_counts_all_its_tokens(serve: Any) -> None:
    stage = await serve(A, B, flows=(CHAIN,))
    raw = await stage.client().chat.completions.with_raw_response.create(**ASK, temperature=0.5)
    answer = raw.parse()
    assert answer.choices[0].message.content == "one two three"
    assert answer.model == "both"
    assert answer.usage.total_tokens == 20
    assert raw.headers["x-coterie-flow"] == "both"
    times = raw.headers["x-coterie-stages"].split(", ")
    assert [time.split(" ")[0] for time in times] == ["draft=a", "b=b"]
    first, second = (request.document for request in stage.upstream.received)
    assert first == {"model": "a", "top_k": 3, "max_tokens": 7, "messages": ASK["messages"]}
    assert second == {
        "model": "b",
        "messages": [{"role": "user", "content": "hi: one two three"}],
        "temperature": 0.5,
    }
    own = raw.headers["x-coterie-request"]
    assert [one.request for one in stage.control.submitted] == [f"{own}.1", f"{own}.2"]
    assert stage.control.hints == [("b", "flow")]


async def test_the_last_stage_streams_and_is_what_the_client_asked_for(serve: Any) -> None:
    stage = await serve(A, B, flows=(CHAIN,))
    stream = await stage.client().chat.completions.create(
        **ASK, stream=True, temperature=0.5, stream_options={"include_usage": True}
    )
    chunks = [part async for part in stream]
    words = [part.choices[0].delta.content for part in chunks if part.choices]
    assert words == ["one", " two", " three", None]
    assert chunks[-1].usage.total_tokens == 10
    first, second = (request.document for request in stage.upstream.received)
    assert "stream" not in first
    assert second == {
        "model": "b",
        "messages": [{"role": "user", "content": "hi: one two three"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.5,
    }


async def test_a_stream_is_kept_alive_while_an_earlier_stage_waits(serve: Any) -> None:
    stage = await serve(A, B, flows=(CHAIN,), hot=False, limits=Limits(keepalive=0.01))
    stage.control.statuses = {"a": ExpertStatus("a", phase="loading", eta_s=1.23)}
    wire = await stage.wire()
    wire.post(CHAT, {**ASK, "stream": True})
    assert (await wire.head()).headers["content-type"] == "text/event-stream"
    for _ in range(2):
        assert await wire.chunk() == b": waiting for 'a': loading, eta 1.2 s\n\n"


async def test_the_last_answer_is_handed_on_whole(serve: Any) -> None:
    stage = await serve(A, B, flows=(CHAIN, CASCADE))
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    message = {"role": "assistant", "content": "two", "tool_calls": [call]}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    stage.upstream.script = lambda request: request.json({**COMPLETION, "choices": [choice]})
    answer = (await stage.post(CHAT, ASK)).document["choices"][0]
    assert (answer["message"], answer["finish_reason"]) == (message, "tool_calls")
    stream = await stage.client().chat.completions.create(
        **{**ASK, "model": "first", "stream": True}
    )
    first, last = [part async for part in stream]
    assert first.choices[0].delta.tool_calls[0].function.name == "f"
    assert last.choices[0].finish_reason == "tool_calls"


async def test_an_early_answer_of_a_cascade_is_a_stream_where_one_is_wanted(serve: Any) -> None:
    stage = await serve(A, B, flows=(CASCADE,))
    asked = {**ASK, "model": "first", "stream": True, "stream_options": {"include_usage": True}}
    stream = await stage.client().chat.completions.create(**asked)
    chunks = [part async for part in stream]
    assert chunks[0].choices[0].delta.content == "one two three"
    assert chunks[1].choices[0].finish_reason == "stop"
    assert chunks[2].usage.total_tokens == 10
    assert len(stage.upstream.received) == 1


async def test_flows_are_listed_among_the_models(serve: Any) -> None:
    stage = await serve(A, B, flows=(CHAIN, CASCADE))
    listed = (await stage.get("/v1/models")).document["data"]
    assert [model["id"] for model in listed] == ["a", "b", "both", "first"]
    one = (await stage.get("/v1/models/both")).document
    assert (one["state"], one["kind"], one["stages"]) == ("flow", "chain", ["a", "b"])
    answer = await stage.post(CHAT, {**ASK, "model": "c"})
    assert "'both'" in answer.error["message"]


async def test_one_budget_is_shared_by_the_stages(serve: Any) -> None:
    stage = await serve(A, B, flows=(CHAIN,))
    headers = ("x-coterie-e2e: 10s", "x-coterie-ttft: 4s", "x-coterie-priority: batch")
    await stage.post(CHAT, {**ASK, "stream": True}, *headers)
    first, second = (one.terms for one in stage.control.submitted)
    assert first.priority == second.priority == "batch"
    assert first.budget == Budget(e2e=5.0)  # two stages are to come; the clock stands still
    assert second.budget == Budget(ttft=4.0, e2e=10.0)
    assert first.output_tokens == 7


async def test_a_budget_that_is_used_up_is_told_with_the_stage(serve: Any) -> None:
    stage = await serve(A, B, flows=(CHAIN,))

    def slow(request: Received) -> None:
        stage.control.clock += 11.0
        complete(request)

    stage.upstream.script = slow
    answer = await stage.post(CHAT, ASK, "x-coterie-e2e: 10s")
    assert (answer.status, answer.error["code"]) == (503, "budget_exceeded")
    assert "stage 'b'" in answer.error["message"]
    assert len(stage.upstream.received) == 1


async def test_a_stage_that_fails_is_named_and_a_fallback_may_answer(serve: Any) -> None:
    safe = Flow("safe", "chain", CHAIN.stages, fallback="b")
    stage = await serve(A, B, flows=(CHAIN, safe))
    stage.control.refusal = ExpertUnavailable("expert 'a' is not available: no file", 3.0)
    answer = await stage.post(CHAT, ASK)
    assert answer.status == 503
    assert answer.headers["retry-after"] == "3"
    assert answer.error["message"].startswith("stage 'draft' of flow 'both': expert 'a'")
    stage.control.refusal = None
    stage.upstream.script = lambda request: (
        request.json({"error": {"message": "too long"}}, 400)
        if request.document["model"] == "a"
        else request.json(COMPLETION)
    )
    answer = await stage.post(CHAT, ASK)
    assert answer.status == 400
    assert answer.error["message"] == "stage 'draft' of flow 'both': too long"
    answer = await stage.post(CHAT, {**ASK, "model": "safe"})
    assert answer.status == 200


async def test_who_leaves_in_the_middle_leaves_no_stage_behind(serve: Any) -> None:
    stage = await serve(A, B, hot=False, flows=(CHAIN,))
    wire = await stage.wire()
    wire.post(CHAT, ASK)
    (waiting,) = await stage.control.until_waiting()
    wire.abort()
    await stage.control.until_settled()
    assert stage.control.cancelled == [waiting]


@pytest.mark.parametrize(
    ("path", "document", "told"),
    [
        ("/v1/completions", {"model": "both", "prompt": "x"}, "a flow answers chats"),
        (CHAT, {"model": "both"}, "`messages` is wrong"),
        (CHAT, {"model": "both", "messages": [1]}, "`messages` is wrong"),
        (CHAT, {"model": "both", "messages": []}, "last message"),
    ],
)
async def test_what_a_flow_cannot_work_on_is_refused(
    serve: Any, path: str, document: Any, told: str
) -> None:
    stage = await serve(A, B, flows=(CHAIN,))
    answer = await stage.post(path, document)
    assert answer.status == 400
    assert told in answer.error["message"]


async def test_the_sdk_gets_a_flows_errors_as_any_other(serve: Any) -> None:
    stage = await serve(A, B, flows=(CHAIN,))
    stage.upstream.script = lambda request: request.json({"nothing": 1})
    with pytest.raises(openai.InternalServerError, match="no chat completion"):
        await stage.client().chat.completions.create(**ASK)
