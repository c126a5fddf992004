"""Tests mirror the sources: each file with code in it has a test file of its name, in its place."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src" / "coterie"

EXEMPT: dict[str, str] = {
    # path below src/coterie, of a file or a room: why its tests are elsewhere
    "testing": "fakes, which the tests of what they stand for are run on",
    "scheduler/records.py": "declarations; what reads them again is tested with snapshots",
}


def sources() -> list[Path]:
    return sorted(path.relative_to(SOURCES) for path in SOURCES.rglob("*.py"))


def does_something(path: Path) -> bool:
    """Whether a file has a function with a body; declarations and re-exports have none."""
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not is_bare(node.body)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
    )


def is_bare(body: list[ast.stmt]) -> bool:
    """Only a docstring or `...`."""
    return all(
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        for statement in body
    )


def is_exempt(source: Path) -> bool:
    return any(place.as_posix() in EXEMPT for place in (source, *source.parents))


@pytest.mark.parametrize("source", sources(), ids=str)
def test_a_file_with_code_has_its_tests(source: Path) -> None:
    if does_something(SOURCES / source) and not is_exempt(source):
        test = ROOT / "tests" / source.with_name(f"test_{source.name}")
        assert test.is_file(), f"write {test.relative_to(ROOT)}"
        assert "def test_" in test.read_text("utf-8")


@pytest.mark.parametrize("source", sources(), ids=str)
def test_a_file_begins_with_its_one_law(source: Path) -> None:
    text = (SOURCES / source).read_text("utf-8")
    assert ast.get_docstring(ast.parse(text)), f"say in a docstring what {source} is for"


@pytest.mark.parametrize(
    "source", [path for path in sources() if path.name == "__init__.py"], ids=str
)
def test_a_package_only_re_exports(source: Path) -> None:
    assert not does_something(SOURCES / source)


def test_exemptions_are_of_what_there_is() -> None:
    assert [path for path in EXEMPT if not (SOURCES / path).exists()] == []
