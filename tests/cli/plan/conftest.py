"""Stand-ins on a machine of round numbers."""

from tests.cli.round_machine import model, profile

__all__ = ["model", "profile"]
