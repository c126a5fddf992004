"""Routes, through the official client and over the wire."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from coterie.config import Key, Limits, Tenant
from coterie.config.flow import Flow, Stage
from coterie.config.route import Route, Rule
from coterie.errors import ExpertUnavailable
from coterie.router.feedback import Feedback
from coterie.testing.upstream import complete
from coterie.types import Budget, Expert

CHAT = "/v1/chat/completions"
SMALL = Expert("small", engine="echo", context=4096, fallbacks=("spare",))
CODER = Expert(
    "coder",
    engine="echo",
    context=4096,
    defaults={"top_k": 3, "max_tokens": 9},
    budget=Budget(ttft=7.0, e2e=70.0),
)
SPARE = Expert("spare", engine="echo", context=4096, defaults={"top_k": 5})
EXPERTS = (SMALL, CODER, SPARE)
PAIR = Flow("pair", "chain", (Stage("small"), Stage("coder")))
AUTO = Route(
    "auto",
    "small",
    rules=(Rule(to="coder", code=True), Rule(to="pair", keywords=("both",))),
    budget=Budget(ttft=5.0),
)
PROSE: dict[str, Any] = {"model": "auto", "messages": [{"role": "user", "content": "hi"}]}
CODE: dict[str, Any] = {"model": "auto", "messages": [{"role": "user", "content": "```x```"}]}
BOTH: dict[str, Any] = {"model": "auto", "messages": [{"role": "user", "content": "both"}]}


async def route(serve: Any, **document: Any) -> Any:
    return await serve(*EXPERTS, flows=(PAIR,), **{"routes": (AUTO,), **document})


async def test_a_prompt_is_served_by_whom_the_route_chose(serve: Any) -> None:
    stage = await route(serve)
    raw = await stage.client().chat.completions.with_raw_response.create(**CODE)
    headers = raw.headers
    assert raw.parse().choices[0].message.content == "one two three"
    assert headers["x-coterie-expert"] == "coder"
    assert headers["x-coterie-route"] == "auto"
    assert headers["x-coterie-route-confidence"] == "1.00"
    assert headers["x-coterie-route-reason"] == "rule 1 (code) says 'coder'"
    assert "x-coterie-route-scores" not in headers  # nothing is known of anybody
    assert "x-coterie-route-category" not in headers
    (received,) = stage.upstream.received
    assert received.document == {**CODE, "model": "coder", "top_k": 3, "max_tokens": 9}
    (submitted,) = stage.control.submitted
    assert submitted.request == headers["x-coterie-request"]
    answer = await stage.post(CHAT, PROSE)
    assert answer.headers["x-coterie-expert"] == "small"


async def test_a_stream_is_routed_as_well(serve: Any) -> None:
    stage = await route(serve)
    raw = await stage.client().chat.completions.with_raw_response.create(**CODE, stream=True)
    assert raw.headers["x-coterie-route"] == "auto"
    words = [part.choices[0].delta.content async for part in raw.parse() if part.choices]
    assert words[:3] == ["one", " two", " three"]


async def test_terms_are_the_requests_then_the_routes_then_the_experts(serve: Any) -> None:
    stage = await route(serve)
    await stage.post(CHAT, {**CODE, "stream": True})
    await stage.post(CHAT, {**CODE, "stream": True, "coterie": {"ttft": 2, "next": ["spare"]}})
    first, second = (one.terms for one in stage.control.submitted)
    assert first.budget == Budget(ttft=5.0, e2e=70.0)
    assert first.output_tokens == 9
    assert second.budget == Budget(ttft=2.0, e2e=70.0)
    assert stage.control.hints == [("spare", "client")]
    assert "coterie" not in stage.upstream.received[1].document


async def test_a_fallback_answers_under_its_own_name(serve: Any) -> None:
    stage = await route(serve)
    stage.control.instead = {"small": "spare"}
    answer = await stage.post(CHAT, PROSE)
    assert answer.headers["x-coterie-expert"] == "spare"
    assert answer.headers["x-coterie-fallback-for"] == "small"
    assert answer.headers["x-coterie-route"] == "auto"
    assert stage.upstream.received[0].document == {**PROSE, "model": "spare", "top_k": 5}


async def test_a_route_may_choose_a_flow(serve: Any) -> None:
    stage = await route(serve)
    answer = await stage.post(CHAT, BOTH)
    assert answer.status == 200
    assert answer.headers["x-coterie-flow"] == "pair"
    assert answer.headers["x-coterie-route-reason"] == "rule 2 (keywords) says 'pair'"
    assert len(stage.upstream.received) == 2
    answer = await stage.post("/v1/completions", {"model": "auto", "prompt": "both"})
    assert answer.headers["x-coterie-expert"] == "small"


async def test_a_refusal_tells_of_the_route_too(serve: Any) -> None:
    stage = await route(serve)
    stage.control.refusal = ExpertUnavailable("expert 'small' is not available", 3.0)
    answer = await stage.post(CHAT, PROSE)
    assert (answer.status, answer.headers["x-coterie-route"]) == (503, "auto")


async def test_embeddings_are_not_routed(serve: Any) -> None:
    stage = await route(serve)
    answer = await stage.post("/v1/embeddings", {"model": "auto", "input": "x"})
    assert (answer.status, answer.error["param"]) == (400, "model")
    assert "name an expert for embeddings" in answer.error["message"]


@pytest.mark.parametrize(
    "body", [{}, {"messages": 5}, {"messages": [1]}, {"messages": [], "metadata": []}]
)
async def test_odd_bodies_reach_an_engine_that_says_what_is_wrong(
    serve: Any, body: dict[str, Any]
) -> None:
    stage = await route(serve)
    stage.upstream.script = complete
    answer = await stage.post(CHAT, {"model": "auto", **body})
    assert (answer.status, answer.headers["x-coterie-expert"]) == (200, "small")


async def test_megabytes_are_routed(serve: Any) -> None:
    stage = await route(serve, limits=Limits(body=8 * 2**20))
    text = "word " * 10**6
    asked = {"model": "auto", "messages": [{"role": "user", "content": text}]}
    answer = await stage.post(CHAT, asked)
    assert answer.status == 200
    assert answer.headers["x-coterie-route-reason"].startswith("default: nobody can answer: about")
    assert len(answer.headers["x-coterie-route-reason"]) <= 300


async def test_a_conversation_keeps_its_expert_by_its_own_key_or_the_clients(serve: Any) -> None:
    stage = await route(serve)
    talk = [*CODE["messages"], {"role": "assistant", "content": "ok"}]
    more = {"model": "auto", "messages": [*talk, {"role": "user", "content": "commit it"}]}
    await stage.post(CHAT, CODE)
    answer = await stage.post(CHAT, more)
    assert answer.headers["x-coterie-expert"] == "coder"
    assert answer.headers["x-coterie-route-reason"].startswith("the conversation stays with")
    session = "x-coterie-session: s1"
    await stage.post(CHAT, CODE, session)
    assert (await stage.post(CHAT, PROSE, session)).headers["x-coterie-expert"] == "coder"
    assert (await stage.post(CHAT, PROSE)).headers["x-coterie-expert"] == "small"


def keyed(name: str) -> tuple[Key, str]:
    return Key(name, sha256(name.encode()).hexdigest()), f"authorization: Bearer {name}"


async def test_a_tenant_is_kept_to_its_experts_wherever_they_are_named(serve: Any) -> None:
    (poor, show), (rich, show_rich) = keyed("poor"), keyed("rich")
    stage = await route(
        serve, keys=(poor, rich), tenants=(Tenant("poor", experts=("small",)), Tenant("rich"))
    )
    answer = await stage.post(CHAT, {**PROSE, "model": "coder"}, show)
    assert (answer.status, answer.error["code"]) == (403, "expert_forbidden")
    assert answer.error["type"] == "permission_error"
    for said in ({"fallbacks": ["coder"]}, {"next": ["coder"]}):
        answer = await stage.post(CHAT, {**PROSE, "model": "small", "coterie": said}, show)
        assert answer.status == 403
    assert (await stage.post(CHAT, {**PROSE, "model": "pair"}, show)).status == 403
    assert stage.control.submitted == []
    answer = await stage.post(CHAT, {**PROSE, "model": "none"}, show)
    assert answer.error["message"] == "no expert 'none': the composition has 'small', 'auto'"
    answer = await stage.post(CHAT, CODE, show)
    assert (answer.status, answer.headers["x-coterie-expert"]) == (200, "small")
    assert stage.control.submitted[-1].terms.fallbacks == ()
    assert (await stage.post(CHAT, CODE, show_rich)).headers["x-coterie-expert"] == "coder"
    listed = (await stage.get("/v1/models", show)).document["data"]
    assert [model["id"] for model in listed] == ["small", "auto"]
    assert listed[1]["candidates"] == ["small"]
    assert (await stage.get("/v1/models/coder", show)).status == 403
    assert len((await stage.get("/v1/models", show_rich)).document["data"]) == 5


async def test_who_may_use_nobody_of_a_route_may_not_use_it(serve: Any) -> None:
    poor, show = keyed("poor")
    stage = await route(serve, keys=(poor,), tenants=(Tenant("poor", experts=("spare",)),))
    assert (await stage.post(CHAT, PROSE, show)).status == 403


async def test_routes_are_listed_among_the_models(serve: Any) -> None:
    stage = await route(serve)
    one = (await stage.get("/v1/models/auto")).document
    assert (one["state"], one["kind"]) == ("route", "route")
    assert one["candidates"] == ["coder", "pair", "small"]
    answer = await stage.post(CHAT, {**PROSE, "model": "none"})
    assert "'auto'" in answer.error["message"]


async def test_an_answer_can_be_rated_once_by_its_own_tenant(serve: Any, tmp_path: Path) -> None:
    (a, show), (b, show_b) = keyed("a"), keyed("b")
    feedback = Feedback(tmp_path, "auto")
    stage = await route(serve, keys=(a, b), parts={"feedback": {"auto": feedback}})
    request = (await stage.post(CHAT, CODE, show)).headers["x-coterie-request"]
    rating = {"request": request, "score": 0.75}
    assert (await stage.post("/v1/feedback", rating, show_b)).status == 404
    answer = await stage.post("/v1/feedback", rating, show)
    assert (answer.status, answer.document) == (200, {"status": "kept"})
    assert (await stage.post("/v1/feedback", rating, show)).status == 404
    assert b'"scores":{"coder":0.75}' in feedback.path.read_bytes()


async def test_a_rating_is_of_whoever_answered(serve: Any, tmp_path: Path) -> None:
    feedback = Feedback(tmp_path, "auto")
    stage = await route(serve, parts={"feedback": {"auto": feedback}})
    stage.control.instead = {"small": "spare"}
    request = (await stage.post(CHAT, PROSE)).headers["x-coterie-request"]
    await stage.post("/v1/feedback", {"request": request, "score": 1})
    assert b'"scores":{"spare":1.0}' in feedback.path.read_bytes()


@pytest.mark.parametrize(
    ("said", "param"),
    [
        ({"score": 1}, "request"),
        ({"request": 5, "score": 1}, "request"),
        ({"request": "r"}, "score"),
        ({"request": "r", "score": 1.5}, "score"),
        ({"request": "r", "score": True}, "score"),
        ({"request": "r", "score": "good"}, "score"),
    ],
)
async def test_a_rating_that_makes_no_sense_is_refused(
    serve: Any, said: dict[str, Any], param: str
) -> None:
    answer = await (await route(serve)).post("/v1/feedback", said)
    assert (answer.status, answer.error["param"]) == (400, param)
