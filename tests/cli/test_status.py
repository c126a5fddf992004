"""What is where, on one screen."""

import json
import re
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from coterie.cli.client import call
from coterie.cli.status import _bytes, _since
from coterie.testing.served import until

Coterie = Callable[..., Any]

LONG = "an-organisation/a-model-of-many-words-instruct-v1.5-q4_k_m"
EXPERTS = f"""
experts:
- {{name: parrot, engine: echo, preload: true, pin: true, options: {{hot: 300MiB}}}}
- {{name: {LONG}, engine: echo, options: {{hot: 100MiB}}}}
- {{name: snail, engine: echo, options: {{load_s: 600, hot: 400MiB}}}}
- {{name: dodo, engine: echo, preload: true, options: {{fail_loads: 1000}}}}
limits: {{shutdown: 0}}
"""
COLUMNS = "expert phase tier estimated measured queue running loads last used"


@pytest.fixture(scope="module")
def url(serve: Callable[[str], str]) -> str:
    url = serve(EXPERTS)
    call(url, "/admin/experts/snail/load", "POST")
    until(lambda: "dodo" in status(url)["dodo"]["reason"], lambda: "'dodo' failed")
    return url


def status(url: str) -> dict[str, dict[str, Any]]:
    return {expert["name"]: expert for expert in call(url, "/admin/experts")["experts"]}


def plain(text: str) -> list[str]:
    return [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()]


def test_a_pipe_gets_one_line_for_each_expert_and_device(coterie: Coterie, url: str) -> None:
    said = coterie("status", "--url", url)
    lines = said.out.splitlines()
    assert said.code == 0
    assert lines[0].split() == COLUMNS.split()
    assert lines[1].split()[:8] == [
        *("parrot", "(pinned)", "hot", "hot"),
        *("300", "MiB", "300", "MiB"),
    ]
    assert lines[2].split()[:6] == [LONG, "cold", "cold", "100", "MiB", "-"]
    assert lines[3].split()[:2] == ["snail", "loading"]
    assert lines[5] == ""
    assert lines[6].split() == ["device", "used", "of", "replicas", "loading"]
    assert lines[7].split() == ["local/ram", "700", "MiB", "1,024", "MiB", "2", "1"]


def test_why_an_expert_failed_is_told_below(coterie: Coterie, url: str) -> None:
    last = coterie("status", "--url", url).out.splitlines()[-1]
    assert last.startswith("dodo: 'dodo@local/ram' did not load: failure ")


def test_a_terminal_of_80_columns_shows_every_column_whole(
    coterie: Coterie, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("COLUMNS", "80")
    lines = plain(coterie("status", "--url", url).out)
    table = lines[: lines.index("")]
    assert table[0].split() == COLUMNS.split()
    assert all(len(line) <= 80 for line in table)
    assert not any("…" in line for line in table)
    assert "".join(line.split(" ")[0] for line in table).count(LONG) == 1  # folded, not cut
    assert table[1].split()[0] == "parrot"


def test_everything_comes_as_json(coterie: Coterie, url: str) -> None:
    document = json.loads(coterie("status", "--url", url, "--json").out)
    assert [expert["name"] for expert in document["experts"]] == ["parrot", LONG, "snail", "dodo"]
    (device,) = document["devices"]
    assert (device["device"], device["used_bytes"]) == ("local/ram", 700 * 2**20)


def test_budgets_are_told_of_where_requests_have_any(coterie: Coterie, url: str) -> None:
    assert "budgets of" not in coterie("status", "--url", url).out
    body = json.dumps({"model": "parrot", "prompt": "one two", "stream": True}).encode()
    headers = {"Content-Type": "application/json", "x-coterie-ttft": "20s"}
    request = urllib.request.Request(f"{url}/v1/completions", body, headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        answer.read()
        named = answer.headers["x-coterie-request"]
    lines = coterie("status", "--url", url).out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("budgets of"))
    assert lines[start + 1].split()[:4] == ["parrot", "1", "of", "1"]
    assert lines[start + 2].split()[:5] == ["(no", "key)", "1", "of", "1"]
    said = coterie("explain", named, "--url", url).out
    assert "answered by 'parrot'" in said
    assert "a budget of ttft 20 s: met" in said


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "-"), (2**20, "1 MiB"), (9999 * 2**20, "9,999 MiB"), (2**40, "1,024.0 GiB")],
)
def test_bytes_are_short(count: int, shown: str) -> None:
    assert _bytes(count) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-3, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (7200, "2 h"), (2e5, "2 d")],
)
def test_times_are_short(seconds: float, shown: str) -> None:
    assert _since(1e9, 1e9 + seconds) == shown
    assert _since(0.0, 1e9) == "never"
