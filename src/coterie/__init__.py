"""Coterie serves a composition of experts behind one endpoint, on less memory than they need."""

__version__ = "0.1.0"
