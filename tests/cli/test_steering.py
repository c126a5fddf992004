"""Operators steer a running server."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from coterie.cli.client import call
from coterie.testing.served import until

Coterie = Callable[..., Any]

EXPERTS = """
experts:
- {name: parrot, engine: echo, preload: true, aliases: [polly]}
- {name: mynah, engine: echo}
- {name: owl, engine: echo}
- {name: jay/blue, engine: echo}
"""


@pytest.fixture(scope="module")
def url(serve: Callable[[str], str]) -> str:
    return serve(EXPERTS)


def phase(url: str, name: str) -> str:
    experts = {expert["name"]: expert for expert in call(url, "/admin/experts")["experts"]}
    return str(experts[name]["phase"])


def reaches(url: str, name: str, wanted: str) -> bool:
    return until(lambda: phase(url, name) == wanted, lambda: f"{name!r} is {wanted}")


def test_an_expert_is_loaded_and_unloaded(coterie: Coterie, url: str) -> None:
    for name in ("mynah", "jay/blue"):
        said = coterie("load", name, "--url", url)
        assert said.code == 0
        assert said.out.startswith(f"{name}: ")
        assert reaches(url, name, "hot")
        assert coterie("unload", name, "--url", url).code == 0
        assert reaches(url, name, "cold")


def test_an_alias_names_its_expert(coterie: Coterie, url: str) -> None:
    assert coterie("load", "polly", "--url", url).out.startswith("parrot: ")


def test_a_pinned_expert_stays_until_it_is_let_go(coterie: Coterie, url: str) -> None:
    said = coterie("pin", "owl", "--url", url)
    assert (said.code, said.out.partition(": ")[0]) == (0, "owl")
    assert said.out.endswith(", pinned\n")
    assert reaches(url, "owl", "hot")
    said = coterie("unload", "owl", "--url", url)
    assert (said.code, said.out) == (1, "")
    assert said.err == "coterie: expert 'owl' is pinned: unpin it first\n"
    assert phase(url, "owl") == "hot"
    assert coterie("pin", "owl", "--off", "--url", url).out == "owl: hot\n"
    assert coterie("unload", "owl", "--url", url).code == 0
    assert reaches(url, "owl", "cold")


def test_the_expert_as_it_is_now_comes_as_json(coterie: Coterie, url: str) -> None:
    said = coterie("load", "parrot", "--url", url, "--json")
    assert json.loads(said.out)["name"] == "parrot"


@pytest.mark.parametrize("command", ["load", "unload", "pin"])
def test_an_unknown_expert_is_refused_with_those_there_are(
    coterie: Coterie, url: str, command: str
) -> None:
    said = coterie(command, "gull", "--url", url)
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("coterie: no expert 'gull': the composition has 'parrot', 'mynah'")


def test_the_server_may_be_named_by_the_environment(
    coterie: Coterie, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COTERIE_URL", url)
    assert coterie("load", "parrot").code == 0


@pytest.mark.parametrize("command", ["load", "unload", "pin", "explain", "status", "events"])
def test_without_a_server_a_command_fails_in_one_line(
    coterie: Coterie, command: str, free_port: int
) -> None:
    subject = () if command in ("status", "events") else ("parrot",)
    said = coterie(command, *subject, "--url", f"http://127.0.0.1:{free_port}")
    assert (said.code, said.out) == (1, "")
    assert said.err.count("\n") == 1
    assert said.err.startswith("coterie: no answer from http://127.0.0.1:")
