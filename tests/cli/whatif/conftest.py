"""Four stand-ins on a machine of round numbers."""

from pathlib import Path

import pytest

from tests.cli.round_machine import model, profile

__all__ = ["file", "model", "profile"]

COMPOSITION = """
nodes: [{name: local, devices: [{name: gpu, kind: cuda, hot: 20GB}]}]
experts:
- {name: a, engine: echo, options: {hot: 10GB}}
- {name: b, engine: echo, options: {hot: 10GB}}
- {name: c, engine: echo, options: {hot: 10GB}}
- {name: d, engine: echo, options: {hot: 10GB}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A composition of four experts, two of which are hot at a time."""
    path = tmp_path / "composition.yaml"
    path.write_text(COMPOSITION)
    return path
