"""Stand-ins on a machine of round numbers, and what they were asked for."""

from pathlib import Path

import pytest

from tests.cli.round_machine import model, profile

__all__ = ["model", "profile", "trace"]


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
