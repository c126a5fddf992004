"""Flows: several experts that answer one request. Knows neither HTTP nor the scheduler."""

from coterie.flows.run import Call, Left, Reply, Timing, Told, run

__all__ = ["Call", "Left", "Reply", "Timing", "Told", "run"]
