import pytest
from typer.testing import CliRunner

from benchmarks.__main__ import app


def test_the_help_lists_every_benchmark() -> None:
    listed = CliRunner().invoke(app, ["--help"]).stdout
    for name in ("overhead", "servers", "switch", "multiplex", "residency", "scheduler", "memory"):
        assert name in listed


@pytest.mark.parametrize("name", ["overhead", "switch", "multiplex", "scheduler"])
def test_each_prints_json_when_asked(name: str) -> None:
    assert "--json" in CliRunner().invoke(app, [name, "--help"]).stdout
