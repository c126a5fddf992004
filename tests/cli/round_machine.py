"""A machine of round numbers, as fixtures: 10 GB are loaded in a second, from disk in ten."""

from collections.abc import Callable
from pathlib import Path

import pytest

from coterie.cli.simulation.modelled import Modelled, modelled

PROFILE = """
version: 1
name: round
tiers:
  hot: {bytes: 1TB, bandwidth: 1TB/s}
  host: {bytes: 1TB, bandwidth: 100GB/s}
  disk: {bytes: 10TB, bandwidth: 1GB/s}
links: {count: 1, bandwidth: 10GB/s}
compute: 100TFLOP/s
"""
THREE = """
nodes: [{name: n, devices: [{name: g, kind: cuda, hot: 20GB}]}]
experts:
- {name: a, engine: echo, preload: true, options: {hot: 10GB}}
- {name: b, engine: echo, aliases: [bee], options: {hot: 10GB}}
- {name: c, engine: echo, options: {hot: 10GB}}
"""


@pytest.fixture
def profile(tmp_path: Path) -> str:
    """The path of its profile."""
    path = tmp_path / "round.yaml"
    path.write_text(PROFILE)
    return str(path)


@pytest.fixture
def model(tmp_path: Path, profile: str) -> Callable[..., Modelled]:
    """`model("nodes: …")` is a composition on that machine; without a text, of three experts."""

    def made(text: str = THREE) -> Modelled:
        path = tmp_path / "modelled.yaml"
        path.write_text(text)
        return modelled(path, profiles=[profile])

    return made
