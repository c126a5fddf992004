"""Operators look and steer."""

from typing import Any

import pytest

from coterie.config.route import Route, Rule
from coterie.scheduler.status import (
    Attainment,
    DeviceStatus,
    ExpertStatus,
    Explanation,
    TenantStatus,
)
from coterie.types import Expert

NAMED = Expert("org/name:v1", engine="echo", aliases=("short",))


async def test_experts_and_devices_are_shown_as_the_control_tells_them(serve: Any) -> None:
    stage = await serve()
    stage.control.statuses = {"m": ExpertStatus("m", phase="hot", loads=3)}
    stage.control.device_statuses = [DeviceStatus("local/cpu", replicas=("m@local/cpu",))]
    stage.control.tenant_statuses = [TenantStatus("team", kept=Attainment(met=3))]
    (expert,) = (await stage.get("/admin/experts")).document["experts"]
    (tenant,) = (await stage.get("/admin/tenants")).document["tenants"]
    assert (tenant["name"], tenant["kept"]["met"]) == ("team", 3)
    (device,) = (await stage.get("/admin/devices")).document["devices"]
    assert (expert["name"], expert["phase"], expert["loads"]) == ("m", "hot", 3)
    assert (device["device"], device["replicas"]) == ("local/cpu", ["m@local/cpu"])


@pytest.mark.parametrize("name", ["org/name:v1", "org%2Fname%3Av1", "short"])
@pytest.mark.parametrize("verb", ["load", "unload", "pin", "unpin"])
async def test_an_expert_is_steered_by_name_or_alias(serve: Any, name: str, verb: str) -> None:
    stage = await serve(NAMED)
    answer = await stage.post(f"/admin/experts/{name}/{verb}", b"")
    assert (answer.status, answer.document["name"]) == (202, "org/name:v1")
    assert stage.control.commands == [(verb, "org/name:v1")]
    if verb in ("pin", "unpin"):
        assert answer.document["pinned"] is (verb == "pin")


async def test_an_unknown_expert_cannot_be_steered(serve: Any) -> None:
    stage = await serve(NAMED)
    answer = await stage.post("/admin/experts/none/load", b"")
    assert (answer.status, answer.error["code"]) == (404, "model_not_found")
    assert not stage.control.commands


async def test_explanations_are_of_requests_and_experts(serve: Any) -> None:
    stage = await serve(NAMED)
    why = Explanation("org/name:v1", state="hot", lines=("it is busy",))
    stage.control.explanations = {"org/name:v1": why}
    for name in ("org%2Fname:v1", "short"):
        answer = await stage.get(f"/admin/explain/{name}")
        assert answer.document["lines"] == ["it is busy"]
    missing = await stage.get("/admin/explain/req-1")
    assert (missing.status, missing.error["code"]) == (404, "not_found")
    assert "'req-1'" in missing.error["message"]


async def test_the_journal_is_followed_in_lines(serve: Any) -> None:
    stage = await serve()
    wire = await stage.wire()
    wire.get("/admin/events")
    head = await wire.head()
    assert head.headers["content-type"] == "application/x-ndjson"
    stage.control.record([b'{"n":1}\n', b'{"n":2}'])
    assert [await wire.chunk(), await wire.chunk()] == [b'{"n":1}\n', b'{"n":2}\n']


async def test_the_journal_is_followed_as_server_sent_events(serve: Any) -> None:
    stage = await serve()
    stage.control.record([b'{"n":1}\n'])
    wire = await stage.wire()
    wire.get("/admin/events", "accept: text/event-stream")
    assert (await wire.head()).headers["content-type"] == "text/event-stream"
    assert await wire.chunk() == b'data: {"n":1}\n\n'


async def test_a_follower_that_leaves_is_forgotten(serve: Any) -> None:
    stage = await serve()
    wire = await stage.wire()
    wire.get("/admin/events")
    await wire.head()
    assert stage.control.followers == 1
    wire.abort()
    while stage.control.followers:
        await stage.control.change()


async def test_a_pinned_expert_is_not_unloaded(serve: Any) -> None:
    stage = await serve(NAMED)
    await stage.post("/admin/experts/short/pin", b"")
    answer = await stage.post("/admin/experts/short/unload", b"")
    assert answer.status == 400
    assert "unpin it first" in answer.error["message"]
    assert stage.control.commands == [("pin", "org/name:v1")]


async def test_a_page_of_another_origin_may_not_steer(serve: Any) -> None:
    stage = await serve(NAMED)
    answer = await stage.post("/admin/experts/short/load", b"", "origin: http://evil.example")
    assert (answer.status, answer.error["code"]) == (403, "foreign_origin")
    assert not stage.control.commands


AUTO = Route("auto", "m", rules=(Rule(to="coder", code=True),))
CODER = Expert("coder", engine="echo")
M = Expert("m", engine="echo")


@pytest.mark.parametrize(
    "said",
    [
        {"text": "```x```"},
        {"model": "auto", "messages": [{"role": "user", "content": "```x```"}]},
    ],
)
async def test_a_route_says_whom_it_would_choose_and_asks_nobody(serve: Any, said: Any) -> None:
    stage = await serve(M, CODER, routes=(AUTO,))
    found = (await stage.post("/admin/route", said)).document
    assert (found["route"], found["expert"]) == ("auto", "coder")
    assert [one["expert"] for one in found["considered"]] == ["coder", "m"]
    assert stage.control.submitted == []


@pytest.mark.parametrize("model", ["m", "none", 5, ["auto"]])
async def test_a_route_that_there_is_not_is_told(serve: Any, model: Any) -> None:
    stage = await serve(M, CODER, routes=(AUTO,))
    answer = await stage.post("/admin/route", {"model": model, "text": "x"})
    assert (answer.status, answer.error["code"]) == (404, "not_found")
    assert "there are 'auto'" in answer.error["message"]


async def test_without_routes_there_is_none_to_ask(serve: Any) -> None:
    answer = await (await serve()).post("/admin/route", {"text": "x"})
    assert "there are none" in answer.error["message"]
