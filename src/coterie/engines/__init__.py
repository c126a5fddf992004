"""Engines: what starts, measures and stops replicas."""

from coterie.engines.catalog import create, names
from coterie.engines.protocol import Endpoint, Engine, Instance, Keeping, Launch

__all__ = ["Endpoint", "Engine", "Instance", "Keeping", "Launch", "create", "names"]
