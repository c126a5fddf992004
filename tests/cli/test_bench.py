import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from aiohttp import web
from typer.testing import CliRunner, Result

from coterie.cli.bench import bench

SENT: dict[str, str] = {}


async def models(request: web.Request) -> web.Response:
    return web.json_response({"data": [{"id": "a"}, {"id": "b"}]})


async def complete(request: web.Request) -> web.Response:
    body = await request.json()
    SENT.update(request.headers)
    if request.headers.get("Authorization") != "Bearer k":
        return web.json_response({"error": {"code": "invalid_api_key"}}, status=401)
    return web.json_response(
        {
            "choices": [{"text": "x"}],
            "usage": {"prompt_tokens": len(body["prompt"].split()), "completion_tokens": 1},
        }
    )


@pytest.fixture
def url() -> Iterator[str]:
    """The server runs in a thread of its own: the command under test owns its loop."""
    address: list[str] = []
    is_up = threading.Event()
    loop = asyncio.new_event_loop()

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_get("/v1/models", models)
        app.router.add_post("/v1/completions", complete)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
        is_up.set()
        return runner

    def serve() -> None:
        runner = loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=serve)
    thread.start()
    is_up.wait(10)
    yield address[0]
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(bench)
    return CliRunner().invoke(app, list(arguments))


PLAIN = ("--api", "completions", "--no-stream", "--api-key", "k")


def test_all_experts_are_loaded_and_the_summary_is_json(url: str) -> None:
    result = run("--url", url, *PLAIN, "--duration", "100ms", "--prompt-tokens", "9", "--json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert summary["answered"] == summary["sent"] > 0
    assert summary["prompt_tokens"] == 9 * summary["answered"]


def test_a_trace_is_replayed_at_its_speed(url: str, tmp_path: Path) -> None:
    trace = tmp_path / "t.csv"
    trace.write_text("at_s,expert,prompt_tokens,output_tokens\n0,a,5,1\n50,b,7,1\n900,b,7,1\n")
    result = run(
        "--url",
        url,
        *PLAIN,
        "--trace",
        str(trace),
        "--speed",
        "1000",
        "--duration",
        "500ms",
        "--json",
    )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["prompt_tokens"] == 12


def test_people_get_a_table(url: str) -> None:
    result = run("--url", url, *PLAIN, "--duration", "50ms", "--rate", "200")
    assert result.exit_code == 0, result.output
    assert "time to first token" in result.stdout


def test_a_budget_goes_with_each_request_and_is_told_of(url: str) -> None:
    budget = ("--ttft", "5s", "--e2e", "1ms", "--priority", "batch")
    result = run("--url", url, *PLAIN, "--duration", "50ms", "--rate", "200", *budget)
    assert result.exit_code == 0, result.output
    assert "within the budget" in result.stdout
    assert SENT["x-coterie-ttft"] == "5s"
    assert SENT["x-coterie-e2e"] == "1ms"
    assert SENT["x-coterie-priority"] == "batch"


def test_when_nothing_was_answered_the_command_fails_and_says_why(url: str) -> None:
    result = run("--url", url, "--api", "completions", "--no-stream", "--duration", "50ms")
    assert result.exit_code == 1
    assert "invalid_api_key" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--rate", "1", "--connections", "2"), "give one of them"),
        (("--duration", "soon"), "--duration: "),
        (("--ttft", "soon"), "--ttft: "),
        (("--e2e", "0s"), "--e2e is 0"),
        (("--api", "grpc"), "chat or completions"),
        (("--url", "http://127.0.0.1:9"), "nothing to load at"),
        (("--url", "http://127.0.0.1:9", "--expert", "a"), "nothing to load at"),
    ],
)
def test_wrong_options_are_explained(arguments: tuple[str, ...], told: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 1
    assert told in " ".join(result.stderr.split())


def test_the_help_shows_an_example() -> None:
    result = run("--help")
    assert "coterie bench --rate 2" in " ".join(result.stdout.split())
