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


@pytest.fixture
def profile(tmp_path: Path) -> str:
    """The path of a profile."""
    path = tmp_path / "round.yaml"
    path.write_text(PROFILE)
    return str(path)


@pytest.fixture
def model(tmp_path: Path, profile: str) -> Callable[[str], Modelled]:
    """`model("nodes: …")` is a composition on that machine."""

    def made(text: str) -> Modelled:
        path = tmp_path / "modelled.yaml"
        path.write_text(text)
        return modelled(path, profiles=[profile])

    return made
