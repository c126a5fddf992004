"""An engine without a model: it answers with the words it was asked."""

from coterie.engines.echo.engine import Echo, EchoInstance, create

__all__ = ["Echo", "EchoInstance", "create"]
