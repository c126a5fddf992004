"""Stand-ins on a machine of round numbers: 10 GB are loaded in a second, from disk in ten."""

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
    """The path of a profile."""
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


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """An hour in which `b` is asked for each half minute, `a` and `c` once in ten."""
    rows = ["arrival_s,expert,prompt_tokens,output_tokens"]
    for at_s in range(0, 3600, 30):
        expert = "a" if at_s % 600 == 0 else "c" if at_s % 600 == 300 else "bee"
        rows.append(f"{at_s},{expert},100,20")
    path = tmp_path / "trace.csv"
    path.write_text("\n".join([*rows, ""]))
    return path
