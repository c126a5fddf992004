"""The live driver around the scheduler, and the journal it writes."""

from coterie.controller.controller import Controller
from coterie.controller.journal import Journal, read, segments
from coterie.controller.links import Link

__all__ = ["Controller", "Journal", "Link", "read", "segments"]
