"""Events and actions, as they happen."""

import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from coterie.cli.client import call

Coterie = Callable[..., Any]


EXPERTS = "experts: [{name: parrot, engine: echo}, {name: mynah, engine: echo}]\n"


@pytest.fixture(scope="module")
def url(serve: Callable[[str], str]) -> str:
    return serve(EXPERTS)


@pytest.fixture
def silent_url(serve: Callable[[str], str]) -> str:
    """A server that no other test has asked anything: what they began may still be ending."""
    return serve(EXPERTS)


@pytest.fixture
def busy_url(url: str) -> Iterator[str]:
    """The server, while something happens all the time."""
    stop = threading.Event()

    def happen() -> None:
        while not stop.wait(0.01):
            for verb in ("load", "unload"):
                call(url, f"/admin/experts/mynah/{verb}", "POST")

    thread = threading.Thread(target=happen)
    thread.start()
    yield url
    stop.set()
    thread.join(20.0)


def test_what_happens_is_shown_for_a_while(coterie: Coterie, busy_url: str) -> None:
    said = coterie("events", "--seconds", "0.5", "--url", busy_url)
    assert said.code == 0
    lines = said.out.splitlines()
    assert any(
        re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3}  LoadRequested   expert=mynah", line) for line in lines
    )
    assert any(
        re.fullmatch(r" {10}->  Load +replica=mynah@local/ram generation=\d+ .*", line)
        for line in lines
    )


def test_lines_of_the_journal_come_as_json(coterie: Coterie, busy_url: str) -> None:
    said = coterie("events", "--seconds", "0.5", "--url", busy_url, "--json")
    kinds = {json.loads(line)["type"] for line in said.out.splitlines()}
    assert {"LoadRequested", "UnloadRequested"} <= kinds


def test_silence_ends_in_time(coterie: Coterie, silent_url: str) -> None:
    assert coterie("events", "--seconds", "0.05", "--url", silent_url) == (0, "", "")


def test_following_goes_on_until_ctrl_c(busy_url: str) -> None:
    # What started the tests may ignore Ctrl-C (a shell's `&` does), and children inherit that.
    heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    program = f"{heeding}; from coterie.cli import main; main()"
    command = [sys.executable, "-c", program, "events", "--follow", "--url", busy_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline()
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=20)
        finally:
            process.kill()
    assert (process.returncode, err) == (0, b"")
