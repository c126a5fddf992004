"""Embedders: texts to vectors of unit length, on this machine, without any service.

`static` averages word vectors (WordLlama, 256 dimensions, tens of microseconds), `minilm` is a
small transformer (all-MiniLM-L6-v2, 384 dimensions, tens of milliseconds), `words` hashes words and
needs no weights at all. What each is worth: `docs/benchmarks.md`, routing.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from coterie.errors import RouterInvalid

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

NAMES = ("static", "minilm", "words")


class Embedder(Protocol):
    """Texts to vectors. Two of the same `digest` give the same vectors."""

    name: str
    digest: str
    dimensions: int

    def embed(self, texts: Sequence[str]) -> Floats:
        """n texts to n x `dimensions`, rows of unit length; a text without words to zeros."""
        ...

    def read(self, texts: Sequence[str]) -> tuple[list[Integers], Floats]:
        """The tokens of each text, all of them and in order, and what `embed` gives."""
        ...


def open_embedder(name: str) -> Embedder:
    """The embedder of that name. Raises RouterInvalid where there is none, or no weights for it."""
    if name not in NAMES:
        raise RouterInvalid(f"no embedder {name!r}: there are {', '.join(NAMES)}")
    create: Callable[[], Embedder] = import_module(f"coterie.router.{name}").create
    return create()


def packaged(module: str, file: str, install: str) -> Path:
    """A file inside an installed package, which is not imported. Raises RouterInvalid."""
    spec = find_spec(module)
    for folder in spec.submodule_search_locations or () if spec else ():
        path = Path(folder) / file
        if path.is_file():
            return path
    raise RouterInvalid(f"{file!r} of the package {module!r} is not installed: {install}")


def unit(vectors: Floats) -> Floats:
    """Rows of length one; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    found: Floats = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return found
