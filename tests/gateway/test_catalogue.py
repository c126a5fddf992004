"""What /v1/models says: OpenAI's fields, and where each expert stands."""

from typing import Any

import openai
import pytest

from coterie.scheduler.status import ExpertStatus
from coterie.types import Expert

EXPERTS = (
    Expert("m", engine="echo", context=512, aliases=("alias/of:m",)),
    Expert("org/name:v1", engine="echo"),
)
HOT = ExpertStatus(
    "m",
    phase="hot",
    tier="hot",
    estimated_bytes=100,
    measured_bytes=90,
    waiting=2,
    running=1,
    pinned=True,
    eta_s=0.0,
)


async def test_models_are_listed_with_their_state(serve: Any) -> None:
    stage = await serve(*EXPERTS)
    stage.control.statuses = {"m": HOT}
    first, second = (await stage.get("/v1/models")).document["data"]
    assert first == {
        "id": "m",
        "object": "model",
        "created": int(stage.control.clock),
        "owned_by": "coterie",
        "state": "hot",
        "tier": "hot",
        "bytes": 90,
        "eta_s": 0.0,
        "context_length": 512,
        "aliases": ["alias/of:m"],
        "pinned": True,
        "waiting": 2,
        "running": 1,
    }
    assert (second["id"], second["state"], second["eta_s"]) == ("org/name:v1", "absent", None)


async def test_the_sdk_reads_the_list_and_each_model(serve: Any) -> None:
    client = (await serve(*EXPERTS)).client()
    assert [model.id async for model in client.models.list()] == ["m", "org/name:v1"]
    assert (await client.models.retrieve("org/name:v1")).id == "org/name:v1"
    assert (await client.models.retrieve("alias/of:m")).id == "m"
    with pytest.raises(openai.NotFoundError, match="org/name:v1"):
        await client.models.retrieve("none")


@pytest.mark.parametrize("path", ["org/name:v1", "org%2Fname%3Av1", "org/name%3av1"])
async def test_a_name_in_a_path_may_be_quoted_or_not(serve: Any, path: str) -> None:
    stage = await serve(*EXPERTS)
    assert (await stage.get(f"/v1/models/{path}")).document["id"] == "org/name:v1"


async def test_looking_loads_nothing(serve: Any) -> None:
    stage = await serve(*EXPERTS, hot=False)
    for path in ("/v1/models", "/v1/models/m", "/readyz", "/admin/experts", "/admin/explain/m"):
        await stage.get(path)
    assert not stage.control.submitted
    assert not stage.control.commands
