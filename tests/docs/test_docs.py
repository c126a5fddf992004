"""Pages say what is so: blocks are valid, commands exist, links lead somewhere."""

import json
import re
import tomllib
from pathlib import Path
from typing import get_args

import msgspec
import pytest
import yaml

from coterie.cli.commands import COMMANDS
from coterie.config import Composition, Key, Limits, Tenant, decode
from coterie.config.route import Route
from coterie.scheduler.actions import Action
from coterie.scheduler.events import Event
from coterie.types import Expert
from tools.blocks import ROOT, Block, anchors, blocks, commands, links, pages
from tools.reference.commands import parameters
from tools.reference.composition import STRUCTS
from tools.reference.errors import classes

PAGES = pages()
BLOCKS = [block for page in PAGES for block in blocks(page)]
KINDS = {"sh", "console", "text", "yaml", "python", "json", "toml", "ini", ""}
WHOLE_PROGRAM = {"--help", "-h", "--version", "--install-completion", "--show-completion"}
TEXT = "\n".join(page.read_text("utf-8") for page in PAGES)


def of_kind(*kinds: str) -> list[Block]:
    return [block for block in BLOCKS if block.kind in kinds]


def is_page(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_says_what_it_is(block: Block) -> None:
    assert block.kind in KINDS


@pytest.mark.parametrize("block", of_kind("yaml"), ids=str)
def test_yaml_is_valid_and_a_whole_composition_decodes(block: Block) -> None:
    document = yaml.safe_load(block.text)
    if isinstance(document, dict) and {"nodes", "experts"} <= document.keys():
        decode(block.text.encode(), "block.yaml")


@pytest.mark.parametrize("block", of_kind("yaml"), ids=str)
def test_a_part_of_a_composition_has_only_fields_that_there_are(block: Block) -> None:
    document = yaml.safe_load(block.text)
    if isinstance(document, dict) and document.keys() <= _fields(Composition):
        for expert in document.get("experts", ()):
            assert expert.keys() <= _fields(Expert)
        for key in document.get("keys", ()):
            msgspec.convert(key, Key)
        for tenant in document.get("tenants", ()):
            assert tenant.keys() <= _fields(Tenant)
        assert document.get("limits", {}).keys() <= _fields(Limits)
        for route in document.get("routes", ()):
            assert route.keys() <= _fields(Route)


@pytest.mark.parametrize("block", of_kind("python"), ids=str)
def test_python_compiles(block: Block) -> None:
    compile(block.text, str(block), "exec")


@pytest.mark.parametrize("block", of_kind("json"), ids=str)
def test_json_is_valid(block: Block) -> None:
    json.loads(block.text)


@pytest.mark.parametrize("block", of_kind("toml"), ids=str)
def test_toml_is_valid(block: Block) -> None:
    tomllib.loads(block.text)


@pytest.mark.parametrize("page", PAGES, ids=is_page)
def test_every_command_exists_with_its_options(page: Path) -> None:
    for words in commands(page, "coterie"):
        name = " ".join(words[:2]) if " ".join(words[:2]) in COMMANDS else words[0]
        if name in WHOLE_PROGRAM or name.isupper() or name == "…":
            continue
        assert name in COMMANDS, words
        known = {written for one in parameters(name) for written in one.written} | {"--help", "-h"}
        used = {word.partition("=")[0] for word in words[1:] if re.match(r"--?[a-z]", word)}
        assert used <= known, words


@pytest.mark.parametrize("page", PAGES, ids=is_page)
def test_every_make_target_exists(page: Path) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for words in commands(page, "make"):
        assert words[0] in targets, words


@pytest.mark.parametrize("page", PAGES, ids=is_page)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=is_page)
def test_every_page_but_the_first_is_linked_to(page: Path) -> None:
    here = page.resolve()
    reached = {
        (other.parent / link.partition("#")[0]).resolve()
        for other in PAGES
        if other != page
        for link in links(other)
    }
    first = {ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")}
    assert here in reached | first


def test_everything_is_documented_somewhere() -> None:
    kinds = [*get_args(Event), *get_args(Action)]
    options = {field for _, struct in STRUCTS for field in _fields(struct)}
    wanted = [
        *(f"### {kind.__name__}\n" for kind in kinds),
        *(f"`{error.code}`" for error in classes()),
        *(f"`{option}`" for option in options),
        *(f"## `coterie {command}`" for command in COMMANDS),
    ]
    assert [name for name in wanted if name not in TEXT] == []


def test_commands_are_found_where_they_are_shown() -> None:
    page = ROOT / "docs" / "guides" / "operating.md"
    assert ["pin", "smollm2", "--off"] in list(commands(page, "coterie"))
    assert ["explain", "writer"] in list(commands(page, "coterie"))


def _fields(struct: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(struct)}
