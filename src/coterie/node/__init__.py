"""The agent of one machine: it performs actions and reports events."""

from coterie.node.agent import NodeAgent, Resolve

__all__ = ["NodeAgent", "Resolve"]
