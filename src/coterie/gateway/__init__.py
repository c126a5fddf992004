"""The OpenAI-compatible border: tokens go straight through, and operators look and steer."""

from coterie.gateway.control import Control
from coterie.gateway.server import Gateway

__all__ = ["Control", "Gateway"]
