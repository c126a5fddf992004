"""The page is well formed, whole by itself, small, and shows names as text whatever is in them."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import structs

from coterie.cli.simulation.page import CAVEATS, SHARED, page, write_page
from coterie.errors import BadRequest, CommandError
from coterie.simulator.metrics import metrics
from coterie.simulator.outcome import Fault
from coterie.types import Budget
from tests.simulator.synthetic import Shape

if TYPE_CHECKING:
    from tests.cli.simulation.conftest import Make

VOID = {"meta", "br", "img", "link", "input"}
TIGHT = Shape(
    budget=Budget(ttft=2.0),
    tenants=("gold", "lead"),
    devices=3,
    experts=15,
    rate=2.0,
    faults=(Fault(20.0, "disk", "node-00", 40.0),),
)
EVIL = "</script><script>alert({:02})</script><!--\"'&<b onload=x>"


class Reader(HTMLParser):
    """The page as a browser reads it: elements, their text, and which are not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)

    def of(self, name: str) -> list[str]:
        return [value or "" for key, value in self.attributes if key == name]

    @property
    def data(self) -> Any:
        return json.loads(next(text for text in self.texts["script"] if text.startswith("{")))


def test_a_page_is_well_formed_and_has_all_of_its_parts(variant: "Make") -> None:
    text = page([variant("tight", TIGHT), variant("wide", structs.replace(TIGHT, room=6))])
    read = Reader(text)
    assert text.startswith("<!doctype html>")
    assert read.open == []
    assert read.texts["h2"] == [
        "Overview",
        "Latency",
        "Memory over time",
        "Tenants",
        "Experts",
        "Experts that chase each other",
        "Faults",
        "Set-up",
    ]
    ids = read.of("id")
    assert len(ids) == len(set(ids))
    assert {"ttft", "e2e", "map0", "map1", "switches", "queue", "data"} <= set(ids)
    assert read.tags.count("script") == 2
    labels = read.of("aria-label")
    assert sum("Residency over time" in label for label in labels) == 2
    assert "Zoom in" in labels


def test_nothing_is_fetched_from_anywhere(variant: "Make") -> None:
    text = page([variant("tight", TIGHT)])
    read = Reader(text)
    assert not {"link", "img", "iframe", "image", "use", "a"} & set(read.tags)
    assert not read.of("src")
    assert not read.of("href")
    assert set(re.findall(r"https?://[^\s\"']+", text)) == {"http://www.w3.org/2000/svg"}
    assert set(re.findall(r"url\(([^)]*)", text)) == {
        "#loading",
        "#leaving",
        "#loading-sign",
        "#leaving-sign",
    }
    assert "default-src 'none'" in read.of("content")[-1]


def test_names_are_text_whatever_is_in_them(variant: "Make") -> None:
    shape = structs.replace(TIGHT, names=EVIL, tenants=("<i>", "&amp;"), policy="<u>")
    text = page([variant(EVIL.format(99), shape)], title="<h1>&", caveats=["<script>"])
    read = Reader(text)
    assert read.open == []
    assert read.tags.count("script") == 2
    assert "u" not in read.tags
    assert not [key for key, _ in read.attributes if key.startswith("on")]
    assert read.data["experts"]["0"] == EVIL.format(0)
    assert EVIL.format(0) in read.texts["button"]
    assert "<script>" in read.texts["li"]
    assert read.texts["h1"] == ["<h1>&"]
    assert {"<i>", "&amp;"} <= set(read.texts["th"])


def test_coordinates_are_numbers(variant: "Make") -> None:
    for shape in (TIGHT, Shape(requests=0), Shape(requests=1)):
        text = page([variant("a", shape), variant("b", Shape(requests=2))])
        paths = [one for one in Reader(text).of("d") if one]
        assert not [one for one in paths if re.search(r"nan|inf|e[-+]\d", one)]


def test_of_nothing_there_is_a_page_too(variant: "Make") -> None:
    read = Reader(page([variant("nothing", Shape(requests=0))]))
    assert read.open == []
    assert read.data["end"] == 0


def test_without_a_simulation_there_is_no_page() -> None:
    with pytest.raises(BadRequest, match="there is no simulation to show"):
        page([])


def test_the_same_simulations_give_the_same_page(variant: "Make") -> None:
    assert page([variant("a", TIGHT)]) == page([variant("a", TIGHT)])


@pytest.mark.parametrize(
    "shape",
    [
        structs.replace(TIGHT, requests=5000, devices=16, experts=200, rate=4.0),
        structs.replace(TIGHT, requests=3000, devices=40, experts=300, rate=9.0),
    ],
)
def test_a_page_stays_small_however_much_was_simulated(variant: "Make", shape: Shape) -> None:
    found = variant("a", shape)
    assert len(found.outcome.residences) > 600
    assert len(page([found, found, found])) < 1_500_000


def test_what_always_holds_is_said_beside_what_the_caller_says(variant: "Make") -> None:
    one = variant("a", TIGHT)
    said = Reader(page([one], caveats=["The link is a guess."])).texts["li"]
    assert [text for text in said if text in (*CAVEATS, "The link is a guess.")] == [
        *CAVEATS,
        "The link is a guess.",
    ]
    assert SHARED not in said
    setup = structs.replace(
        one.setup,
        devices=tuple(structs.replace(device, hot_bytes=2) for device in one.setup.devices),
    )
    found = metrics(setup, one.requests, one.outcome)
    assert SHARED in Reader(page([structs.replace(one, setup=setup, metrics=found)])).texts["li"]


def test_a_page_is_a_file(variant: "Make", tmp_path: Path) -> None:
    target = tmp_path / "deep" / "page.html"
    write_page(target, [variant("a", Shape(requests=5))], title="Ein Übertitel")
    assert "<title>Ein Übertitel</title>" in target.read_text("utf-8")
    with pytest.raises(CommandError, match="cannot be written"):
        write_page(tmp_path, [variant("a", Shape(requests=5))])
