"""Where weights come from: sources, brought to the local disk, verified, identified by digest."""

from coterie.registry.download import Retries
from coterie.registry.headers import read_header
from coterie.registry.registry import Registry
from coterie.registry.sources import parse_source

__all__ = ["Registry", "Retries", "parse_source", "read_header"]
