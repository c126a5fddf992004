"""Examples in the guides are run: clients against a gateway, the engine under its contract."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from coterie.config import decode
from coterie.engines import Instance, Launch
from coterie.engines.echo import Echo
from coterie.gateway import Gateway
from coterie.testing.control import FakeControl
from coterie.testing.engine_contract import CHECKS, Bench
from coterie.types import Device, Expert
from tools.blocks import ROOT, blocks

GUIDES = ROOT / "docs" / "guides"
WRITTEN_URL = "http://127.0.0.1:8080"
DEVICE = Device("ram", hot=1 << 30)


def marked(page: str, mark: str) -> list[str]:
    found = [block.text for block in blocks(GUIDES / page) if block.mark == mark]
    assert found, f"{page} has no block marked {mark!r}"
    return found


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    """A gateway with the experts of the guide on serving, which are echoes here."""
    engine = Echo()
    launch = Launch("r", 1, Expert("smollm2", engine="echo"), DEVICE, None, str(tmp_path / "log"))
    instance = await engine.start(launch)
    document = {
        "nodes": [{"name": "n", "devices": [{"name": "d", "hot": "1MiB"}]}],
        "experts": [{"name": name, "engine": "echo"} for name in ("smollm2", "embedder")],
    }
    control = FakeControl(
        addresses=dict.fromkeys(("smollm2", "embedder"), instance.endpoint.address),
        headers=instance.endpoint.headers,
    )
    gateway = Gateway(decode(yaml.safe_dump(document).encode(), "c.yaml"), control)
    host, port = await gateway.start("127.0.0.1", 0)
    yield f"http://{host}:{port}"
    await gateway.stop()
    await instance.stop(0.0)


async def test_clients_of_the_guide_on_serving(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    namespace: dict[str, Any] = {}
    for text in marked("serving.md", "served"):
        compiled = compile(text.replace(WRITTEN_URL, url), "serving.md", "exec")
        await asyncio.to_thread(exec, compiled, namespace)
    namespace["client"].close()
    said = capsys.readouterr().out
    assert said.startswith("Name a color. ")
    assert "tokens)" in said
    assert "2 16\n" in said
    assert "expert smollm2\n" in said


@pytest.fixture
def shout(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The engine of the guide, as the module that it is meant to be."""
    (text,) = marked("plugging-in-an-engine.md", "engine")
    module = ModuleType("shout")
    exec(compile(text, "shout.py", "exec"), module.__dict__)
    monkeypatch.setitem(sys.modules, "shout", module)
    return module


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_the_engine_of_the_guide_keeps_the_contract(
    check: Any, shout: ModuleType, tmp_path: Path
) -> None:
    async def crash(instance: Instance) -> None:
        await instance.crash("told to")  # type: ignore[attr-defined]

    expert = Expert("crier", engine="shout", parallel=1)
    await check(Bench(shout.create(tmp_path), expert, None, DEVICE, tmp_path, crash=crash))


async def test_the_contract_test_of_the_guide_runs(shout: ModuleType, tmp_path: Path) -> None:
    (text,) = marked("plugging-in-an-engine.md", "contract")
    namespace: dict[str, Any] = {}
    exec(compile(text, "test_shout.py", "exec"), namespace)
    await namespace["test_contract"](CHECKS[0], tmp_path)
