"""What there is now is read from a document, or from a server that runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coterie.cli.plan import here as reading
from coterie.cli.plan.here import UNSAID, here
from coterie.cli.simulation.modelled import Modelled
from coterie.errors import BadRequest, CompositionError, ServerRefused, ServerUnreachable

Model = Callable[[str], Modelled]
MIB = 1024**2
DEVICE = {"device": "local/ram", "node": "local", "hot_bytes": 4096}
SERVED = """
experts:
- {name: parrot, engine: echo, preload: true, parallel: 3, options: {hot: 1MiB}}
- {name: mynah, engine: echo, options: {hot: 2MiB}}
- {name: budgie, engine: echo, options: {hot: 4MiB}}
"""
PLANNED = """
nodes: [{name: local, devices: [{name: ram, hot: 2GiB}]}]
experts:
- {name: parrot, engine: echo, options: {hot: 1MiB}}
- {name: mynah, engine: echo, devices: [local/ram], options: {hot: 3MiB}}
- {name: new, engine: echo, options: {hot: 1MiB}}
"""


@pytest.fixture(scope="module")
def url(serve: Callable[[str], str]) -> str:
    return serve(SERVED)


def test_a_server_says_what_it_has(model: Model, url: str, profile: str) -> None:
    found = here(url, model(PLANNED), profiles=[profile])
    assert found.is_running
    assert found.replicas == ("parrot@local/ram",)
    assert [one.name for one in found.found.composition.experts] == ["parrot", "mynah", "budgie"]
    parrot, mynah, budgie = found.found.composition.experts
    assert (parrot.parallel, parrot.preload) == (3, False)
    assert mynah.devices == ("local/ram",)
    assert budgie.options == {"hot": 4 * MIB}
    assert found.found.composition.nodes[0].devices[0].hot == 1024 * MIB
    assert found.notes == (UNSAID,)


def test_an_expert_is_as_large_as_the_server_says(model: Model, url: str, profile: str) -> None:
    found = here(url, model(PLANNED), profiles=[profile])
    assert found.sizes == {"mynah": 2 * MIB}
    assert sum(part.size_bytes for part in found.found.setup.anywhere("mynah").parts) == 2 * MIB


def test_a_document_is_what_it_loads_at_the_start(
    model: Model, tmp_path: Path, profile: str
) -> None:
    file = tmp_path / "old.yaml"
    file.write_text(
        PLANNED.replace("name: new, engine: echo,", "name: x, pin: true, engine: echo,")
    )
    found = here(str(file), model(PLANNED), profiles=[profile])
    assert (found.is_running, found.replicas) == (False, ("x@local/ram",))


def test_a_profile_of_a_node_that_is_new_is_not_asked_for(
    model: Model, url: str, tmp_path: Path, profile: str
) -> None:
    there = model(PLANNED)
    profiles = [profile, f"new={profile}"]
    assert (
        here(url, there, profiles=profiles).found.notes
        == here(url, there, profiles=[profile]).found.notes
    )
    file = tmp_path / "old.yaml"
    file.write_text(PLANNED)
    assert here(str(file), there, profiles=profiles).found.setup == there.setup


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({}, "it has no 'experts'"),
        ([], "does not understand"),
        ({"experts": {}}, "Expected `array`, got `object`"),
        ({"experts": [{"slots": 1}]}, "missing required field `name`"),
        ({"experts": [{"name": "a", "slots": "many"}]}, "Expected `int`, got `str`"),
        ({"experts": [], "devices": []}, "it has no experts: is it still starting?"),
        ({"experts": [{"name": "a"}], "devices": []}, "it has no devices"),
        ({"experts": [{"name": "a", "slots": 0}]}, "Expected `int` >= 1"),
        ({"experts": [{"name": "a", "estimated_bytes": -1}]}, "Expected `int` >= 0"),
        (
            {"experts": [{"name": "a"}], "devices": [DEVICE | {"hot_bytes": 0}]},
            "Expected `int` >= 1",
        ),
        (
            {"experts": [{"name": "a"}], "devices": [DEVICE | {"node": "other"}]},
            "device 'local/ram' is said to be on node 'other'",
        ),
    ],
)
def test_a_server_of_another_version_is_told(
    model: Model, monkeypatch: pytest.MonkeyPatch, answer: Any, told: str
) -> None:
    monkeypatch.setattr(reading, "call", lambda url, path: answer)
    with pytest.raises(ServerRefused) as caught:
        here("http://x", model(PLANNED))
    assert told in str(caught.value)


def test_an_expert_whose_size_is_not_known_yet_is_left_out(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = DEVICE | {"replicas": ["a@local/ram", "parrot@elsewhere/ram"]}
    answers = {
        "/admin/experts": {"experts": [{"name": "parrot"}, {"name": "a"}]},
        "/admin/devices": {"devices": [device]},
    }
    monkeypatch.setattr(reading, "call", lambda url, path: answers[path])
    found = here("http://x", model(PLANNED))
    assert [one.name for one in found.found.composition.experts] == ["parrot"]
    assert found.replicas == ()
    assert "how large 'a' is: it is left out" in found.notes[1]


def test_what_is_no_server_of_coterie_is_told(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(url: str, path: str) -> Any:
        raise ServerRefused("the server answered 404 Not Found")

    monkeypatch.setattr(reading, "call", answer)
    with pytest.raises(ServerRefused, match=r"http://x/admin/experts: .* is it a Coterie server"):
        here("http://x", model(PLANNED))


def test_what_is_not_there_is_told(model: Model, tmp_path: Path, free_port: int) -> None:
    with pytest.raises(CompositionError, match="cannot be read"):
        here(str(tmp_path / "none.yaml"), model(PLANNED))
    with pytest.raises(BadRequest, match="`--against` is 'ftp://x': expected a URL like http://"):
        here("ftp://x", model(PLANNED))
    with pytest.raises(ServerUnreachable, match=r"no answer from .* \(--against names another\)"):
        here(f"http://127.0.0.1:{free_port}", model(PLANNED))
