"""Why something waits, and what would make it start."""

import http.client
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

Coterie = Callable[..., Any]

EXPERTS = """
experts:
- {name: parrot, engine: echo, preload: true, aliases: [polly]}
- {name: snail, engine: echo, options: {load_s: 600}}
limits: {keepalive: 10ms, shutdown: 0}
"""
BODY = {"model": "snail", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}


@pytest.fixture(scope="module")
def url(serve: Callable[[str], str]) -> str:
    return serve(EXPERTS)


@pytest.mark.parametrize("name", ["parrot", "polly"])
def test_an_expert_is_explained_by_name_or_alias(coterie: Coterie, url: str, name: str) -> None:
    said = coterie("explain", name, "--url", url)
    assert said.code == 0
    assert said.out.startswith("expert parrot: hot\n  hot on 'local/ram' for ")


def test_a_waiting_request_is_explained_by_its_id(coterie: Coterie, url: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    connection.request("POST", "/v1/chat/completions", json.dumps(BODY))
    response = connection.getresponse()  # the head comes with the first keepalive
    request = response.headers["x-coterie-request"]
    said = coterie("explain", request, "--url", url)
    assert said.code == 0
    first, second, *rest = said.out.splitlines()
    assert first == f"request {request}: waiting"
    assert second.startswith("  number 1 of 1 that wait for 'snail', for ")
    assert any(line.startswith("  loading on 'local/ram' for ") for line in rest)
    as_json = json.loads(coterie("explain", request, "--url", url, "--json").out)
    assert (as_json["kind"], as_json["state"]) == ("request", "waiting")
    response.close()
    connection.close()


def test_what_is_unknown_is_told_so(coterie: Coterie, url: str) -> None:
    said = coterie("explain", "gull", "--url", url)
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("coterie: no request or expert 'gull': give ")
