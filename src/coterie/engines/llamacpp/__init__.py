"""llama.cpp through the xllamacpp wheel: one worker process for each replica."""

from coterie.engines.llamacpp.engine import LlamaCpp, create

__all__ = ["LlamaCpp", "create"]
