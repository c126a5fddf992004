"""The reference says what the sources say now, and names everything that there is."""

import json
import re
from pathlib import Path

import aiohttp
import msgspec
import pytest
import yaml

from coterie.config import Composition, decode, json_schema
from coterie.gateway import Gateway
from coterie.scheduler.actions import Action
from coterie.scheduler.events import Event
from coterie.testing.control import FakeControl
from tools.reference import api, composition, errors, events, pages
from tools.reference.commands import parameters
from tools.reference.markdown import cell, code, table

ROOT = Path(__file__).parents[2]
SOURCES = [path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py")]


def reference(name: str) -> str:
    return (ROOT / "docs" / "reference" / f"{name}.md").read_text("utf-8")


def test_every_page_is_as_it_would_be_made_now() -> None:
    assert [path.name for path in pages.stale()] == [], "run `make docs`"


def test_every_error_has_advice() -> None:
    kinds = {kind.__name__ for kind in errors.classes()}
    assert kinds == set(errors.DO), "say in tools/reference/errors.py what to do about it"


def test_every_field_of_an_event_or_action_has_its_meaning() -> None:
    structs = (*events.kinds(Event), *events.kinds(Action))
    fields = {field.encode_name for one in structs for field in msgspec.structs.fields(one)}
    assert fields == set(events.MEANINGS), "say in tools/reference/events.py what it means"


def test_a_made_page_says_that_it_is_made() -> None:
    for path, text in pages.pages().items():
        assert path.suffix == ".json" or text.startswith("<!-- Made by `make docs`"), path


def test_a_page_that_was_changed_by_hand_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "DOCS", tmp_path)
    assert len(pages.stale()) == len(pages.pages())


def test_the_schema_for_editors_is_the_one_that_is_printed() -> None:
    written = json.loads((ROOT / "docs" / "composition.schema.json").read_text("utf-8"))
    assert written == json.loads(json.dumps(json_schema()))


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda p: p.name)
def test_an_example_tells_editors_where_its_schema_is(path: Path) -> None:
    first = path.read_text("utf-8").splitlines()[0]
    where = first.removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / where).resolve() == ROOT / "docs" / "composition.schema.json"


def test_every_type_of_the_document_has_its_section() -> None:
    described = {struct for _, struct in composition.STRUCTS}
    assert described == set(_structs(Composition))


async def test_every_endpoint_is_documented() -> None:
    text = reference("api")
    document = {
        "nodes": [{"name": "n", "devices": [{"name": "d", "hot": "1MiB"}]}],
        "experts": [{"name": "e", "engine": "echo"}],
    }
    gateway = Gateway(decode(yaml.safe_dump(document).encode(), "c.yaml"), FakeControl())
    host, port = await gateway.start("127.0.0.1", 0)
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://{host}:{port}/nowhere") as answer,
        ):
            listed = (await answer.json())["error"]["message"].partition("there are ")[2]
    finally:
        await gateway.stop()
    endpoints = re.findall(r"/[\w/|]+", listed)
    assert len(endpoints) >= 12
    for endpoint in endpoints:
        base, _, verbs = endpoint.rpartition("/")
        wanted = [f"{base}/{verb}" for verb in verbs.split("|")] if "|" in verbs else [endpoint]
        assert [path for path in wanted if f"`{path}`" not in text] == []


def test_every_response_header_is_documented() -> None:
    header = re.compile(r"x-coterie-[a-z0-9-]+[a-z0-9]")
    found = {name for text in SOURCES for name in header.findall(text)}
    assert len(found) >= 7
    assert sorted(name for name in found if f"`{name}`" not in reference("api")) == []


def test_every_environment_variable_is_documented() -> None:
    found = {
        name
        for text in SOURCES
        for name in re.findall(r"\b(?:COTERIE|XDG|HF)_[A-Z_]*[A-Z]\b", text)
    }
    assert {"COTERIE_STATE", "COTERIE_URL", "COTERIE_API_KEY"} <= found
    assert sorted(name for name in found if f"`{name}`" not in reference("cli")) == []


def test_every_field_of_a_listed_model_is_documented() -> None:
    source = (ROOT / "src" / "coterie" / "gateway" / "catalogue.py").read_text("utf-8")
    fields = re.findall(r'^ {12}"(\w+)":', source, re.MULTILINE)
    assert len(fields) >= 10
    assert [name for name in fields if f"`{name}`" not in reference("api")] == []


def test_the_template_is_filled_in_whole() -> None:
    assert "{{" not in api.api_page()


def test_parameters_are_written_as_one_writes_them() -> None:
    written = {one.written for one in parameters("events")}
    assert ("--follow", "-f") in written
    assert ("--json",) in written
    assert ("JOURNAL",) in {one.written for one in parameters("replay")}
    assert ("--stream", "--no-stream") in {one.written for one in parameters("bench")}


def test_a_cell_does_not_break_its_table() -> None:
    assert cell("a | b\nc") == "a \\| b c"
    assert table(("x",), [("1",)]) == "| x |\n| --- |\n| 1 |"
    assert code("a`b") == "`` a`b ``"


def _structs(kind: type) -> list[type]:
    """The types of a document, from its own downwards."""
    found = [kind]
    for field in msgspec.inspect.type_info(kind).fields:  # type: ignore[attr-defined]
        inner = field.type.type if isinstance(field.type, msgspec.inspect.Metadata) else field.type
        inner = getattr(inner, "item_type", inner)
        inner = inner.type if isinstance(inner, msgspec.inspect.Metadata) else inner
        if isinstance(inner, msgspec.inspect.StructType):
            found += _structs(inner.cls)
    return found
