"""What the sources import is declared with a reason, and locked; what is declared is used."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
SERVING = PROJECT["dependencies"] + EXTRAS["llamacpp"]
EVERY = PROJECT["dependencies"] + [name for extra in EXTRAS.values() for name in extra]
DISTRIBUTIONS = {"yaml": "pyyaml", "sklearn": "scikit_learn", "re2": "google_re2"}
"""Import names that differ from the distribution's."""
FILES = {"wordllama"}
"""Distributions that are wanted for the files in them, which the sources name."""


def name_of(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower().replace("-", "_")


def imported() -> set[str]:
    """The distributions that the sources import, wherever in a file."""
    found = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    found -= {"coterie", *sys.stdlib_module_names}
    return {DISTRIBUTIONS.get(name, name) for name in found}


def test_what_is_imported_is_declared_and_what_is_declared_is_imported() -> None:
    declared = {name_of(requirement) for requirement in EVERY}
    assert imported() == declared - FILES
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py"))
    assert all(f'"{name}"' in sources for name in FILES)


def test_each_declared_dependency_has_its_reason_beside_it() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    for requirement in EVERY:
        reasons = re.findall(rf'^ *"{re.escape(requirement)}",(  # \w.*)?$', text, re.MULTILINE)
        assert reasons, requirement
        assert all(reasons), f"say why {requirement} is needed"


@pytest.mark.parametrize(("lock", "requirements"), [("runtime", SERVING), ("dev", EVERY)])
def test_each_declared_dependency_is_locked(lock: str, requirements: list[str]) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text("utf-8")
    locked = {name_of(line) for line in text.splitlines() if line[:1].isalpha()}
    assert {name_of(requirement) for requirement in requirements} <= locked


def test_the_development_lock_holds_the_runtime_lock() -> None:
    pins = []
    for lock in ("runtime", "dev"):
        text = (ROOT / "requirements" / f"{lock}.txt").read_text("utf-8")
        pins.append({line.split(" ")[0] for line in text.splitlines() if line[:1].isalpha()})
    assert pins[0] <= pins[1]
