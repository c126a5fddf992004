"""A program that runs a node with one llama.cpp replica until it is killed; prints the replica's
pids.

Arguments: the state directory, the weights.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from coterie.engines.llamacpp import LlamaCpp
from coterie.node import NodeAgent
from coterie.registry import read_header
from coterie.scheduler.actions import Load
from coterie.scheduler.events import Event, Loaded
from coterie.types import Device, Expert, Node, Weights


async def main(state_dir: Path, weights: Weights) -> None:
    loaded = asyncio.Event()

    async def resolve(expert: Expert) -> Weights:
        return weights

    def report(event: Event) -> None:
        if isinstance(event, Loaded):
            loaded.set()

    agent = NodeAgent(
        Node("n", (Device("d", hot=1 << 30),)),
        {"e": Expert("e", weights="file://e", context=256, parallel=1)},
        {"llamacpp": LlamaCpp(state_dir)},
        resolve,
        state_dir,
        report,
        time.monotonic,
    )
    await agent.open()
    agent.perform(Load("e@n/d", 1, "e", "n/d", time.monotonic() + 60))
    await loaded.wait()
    record = json.loads(next((state_dir / "workers").glob("*.json")).read_bytes())
    sys.stdout.write(json.dumps([process["pid"] for process in record["processes"]]) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    file = Path(sys.argv[2])
    found = Weights(str(file), "sha256:w", file.stat().st_size, read_header(file))
    asyncio.run(main(Path(sys.argv[1]), found))
