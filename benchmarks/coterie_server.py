"""Coterie as its users start it: `coterie up FILE`, asked over HTTP, watched by its admin API."""

import json
import os
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

import coterie
from benchmarks.borrowed import door
from benchmarks.processes import free_port, running


class Served(Struct, frozen=True):
    """A running Coterie: its address, the id of its process, and a key where it asks for one."""

    url: str
    pid: int
    key: str = ""

    def experts(self) -> list[dict[str, Any]]:
        """What `GET /admin/experts` says of each expert."""
        return list(get(self.url + "/admin/experts", self.key)["experts"])

    def devices(self) -> list[dict[str, Any]]:
        return list(get(self.url + "/admin/devices", self.key)["devices"])

    def loads(self) -> int:
        """Loads so far, over all experts."""
        return sum(int(expert.get("loads", 0)) for expert in self.experts())


def composition(
    experts: Sequence[dict[str, Any]],
    *,
    hot_bytes: int,
    threads: int = 0,
    policy: str = "cost",
    limits: dict[str, Any] | None = None,
    parallel_loads: int = 1,
) -> dict[str, Any]:
    """A document with one node and one device."""
    device = {
        "name": "ram",
        "kind": "cpu",
        "hot": hot_bytes,
        "threads": threads,
        "parallel_loads": parallel_loads,
    }
    return {
        "version": 1,
        "name": "benchmark",
        "nodes": [{"name": "here", "devices": [device]}],
        "experts": list(experts),
        "scheduler": {"policy": policy},
        "limits": {"queue": 100000, "queue_per_expert": 100000, "wait": 600} | (limits or {}),
    }


@contextmanager
def coterie_up(
    document: dict[str, Any], folder: Path, *, core: int | None = None, key: str = ""
) -> Iterator[Served]:
    """Runs `coterie up` on the document, with a state of its own in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "composition.yaml"
    file.write_text(json.dumps(document, indent=1))  # JSON is YAML
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    here = [door(folder), Path(__file__).parents[1], Path(coterie.__file__).parents[1]]
    path = os.pathsep.join([*map(str, here), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    command = [sys.executable, "-c", "from coterie.cli import main; main()", "up", str(file)]
    with running(
        [*command, "--port", str(port), "--state", str(folder / "state")],
        log=folder / "coterie.log",
        ready=url + "/healthz",
        core=core,
        environment={"PYTHONPATH": path},
    ) as pid:
        yield Served(url, pid, key)


def get(url: str, key: str = "") -> Any:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
        return json.loads(answer.read())


def ask_once(url: str, model: str, headers: dict[str, str] | None = None, tokens: int = 1) -> None:
    """One short request, to see an expert answer (or to make it hot); raises where it fails."""
    body = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": tokens}
    _sent(url + "/v1/chat/completions", body, headers)


def post(
    url: str, body: dict[str, Any], headers: dict[str, str] | None = None
) -> tuple[Any, dict[str, str]]:
    """An answer's JSON and its header fields; raises where there is none."""
    answer, fields = _sent(url, body, headers)
    return json.loads(answer), fields


def _sent(
    url: str, body: dict[str, Any], headers: dict[str, str] | None
) -> tuple[bytes, dict[str, str]]:
    head = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, json.dumps(body).encode(), head)
    with urllib.request.urlopen(request, timeout=300) as answer:
        return answer.read(), {name.lower(): value for name, value in answer.headers.items()}
