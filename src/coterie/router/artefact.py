"""A fitted router as one file: tensors and JSON (safetensors), no code, no pickle.

The file says which experts and embedder it was fitted for; its digest is that of its bytes, and the
same router gives the same bytes. It is written whole or not at all.
"""

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save

from coterie.errors import RouterInvalid
from coterie.router.embedders import open_embedder
from coterie.router.forest import NAMES, Forest
from coterie.router.learned import Learned, Linear, Neighbours, Parts
from coterie.router.text import SURFACE

FORMAT = "coterie-router-1"
KEY = "coterie"
MOST_BYTES = 2**30

Arrays = dict[str, npt.NDArray[Any]]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Says(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file says of its router beside the arrays. `fitted`: about the ratings it came of;
    `checksum`: of all else that it says, and of the arrays.
    """

    format: str
    experts: tuple[str, ...]
    categories: tuple[str, ...]
    embedder: str
    embedder_digest: str
    trust: Share
    temperature: Annotated[float, msgspec.Meta(ge=1e-3, le=1e3)]
    familiar: Share
    calibration: tuple[float, float]
    strange: str
    fitted: dict[str, Any]
    checksum: str = ""


def write_router(learned: Learned, path: Path, fitted: dict[str, Any] | None = None) -> str:
    """Writes a router; returns its digest. Raises OSError."""
    parts = learned.parts
    arrays: Arrays = {
        "experts.mean": learned.means,
        "tokens.places": parts.places.astype(np.int32),
        "tokens.idf": parts.idf,
        "linear.tokens": parts.linear.tokens.astype(np.float16),
        "linear.vector": parts.linear.vector,
        "linear.constant": parts.linear.constant,
        "categories.mean": parts.means,
        "neighbours.vectors": parts.neighbours.vectors.astype(np.float16),
        "neighbours.labels": parts.neighbours.labels.astype(np.int32),
        "neighbours.residues": parts.neighbours.residues.astype(np.float16),
        "neighbours.measured": parts.neighbours.measured.astype(np.uint8),
    }
    if parts.forest is not None:
        arrays |= {f"forest.{name}": value for name, value in parts.forest.arrays().items()}
    says = Says(
        FORMAT,
        learned.experts,
        learned.categories,
        learned.embedder.name,
        learned.embedder.digest,
        learned.trust,
        learned.temperature,
        learned.familiar,
        learned.calibration,
        learned.strange,
        fitted or {},
    )
    whole = {name: np.ascontiguousarray(value) for name, value in arrays.items()}
    says = msgspec.structs.replace(says, checksum=_checksum(says, whole))
    data = save(whole, {KEY: msgspec.json.encode(says).decode()})
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return sha256(data).hexdigest()


def read_router(path: Path) -> Learned:
    """The router in a file, with its embedder. Raises RouterInvalid."""
    data = _bytes(path)
    says, arrays = _says(path, data), _arrays(path, data)
    embedder = open_embedder(says.embedder)
    if embedder.digest != says.embedder_digest:
        raise RouterInvalid(
            f"{str(path)!r} was fitted with other weights of the embedder {says.embedder!r} than "
            "are installed: fit it again"
        )
    if _checksum(says, arrays) != says.checksum:
        raise RouterInvalid(f"{str(path)!r} is broken: it is not what was written; fit it again")
    try:
        _check(says, arrays, embedder.dimensions)
        forest = None
        if "forest.roots" in arrays:
            forest = Forest(**{name: arrays[f"forest.{name}"] for name in NAMES})
        parts = Parts(
            arrays["tokens.places"].astype(np.int64),
            arrays["tokens.idf"],
            Linear(
                arrays["linear.tokens"].astype(np.float32),
                arrays["linear.vector"],
                arrays["linear.constant"],
            ),
            arrays["categories.mean"],
            Neighbours(
                arrays["neighbours.vectors"].astype(np.float32),
                arrays["neighbours.labels"].astype(np.int64),
                arrays["neighbours.residues"].astype(np.float32),
                arrays["neighbours.measured"].astype(np.float32),
            ),
            forest,
        )
        numbers = SURFACE + len(parts.linear.constant) - len(says.experts)
        if forest is not None and not forest.is_sound(numbers):
            raise ValueError("its forest asks for what there is not, or in circles")
        learned = Learned(
            says.experts,
            says.categories,
            arrays["experts.mean"],
            embedder,
            parts,
            trust=says.trust,
            temperature=says.temperature,
            familiar=says.familiar,
            calibration=says.calibration,
            strange=says.strange,
            digest=sha256(data).hexdigest(),
        )
        learned.predict("is every array of its proper shape?")
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise RouterInvalid(f"{str(path)!r} is no whole router: {error}; fit it again") from error
    return learned


def said_of(path: Path) -> Says:
    """What a file says of its router. Raises RouterInvalid."""
    return _says(path, _bytes(path))


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise RouterInvalid(
                f"{str(path)!r} is larger than any router: at most {MOST_BYTES} bytes"
            )
        return path.read_bytes()
    except OSError as error:
        raise RouterInvalid(
            f"the router {str(path)!r} cannot be read: {error.strerror or error}; "
            "`coterie route fit` writes one"
        ) from error


def _says(path: Path, data: bytes) -> Says:
    """The header of safetensors: eight bytes of length, then JSON."""
    wrong = f"{str(path)!r} is no router of this version: fit it again with `coterie route fit`"
    try:
        size = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + size])
        says = msgspec.json.decode(header["__metadata__"][KEY], type=Says)
    except (ValueError, KeyError, TypeError, RecursionError, msgspec.MsgspecError) as error:
        raise RouterInvalid(wrong) from error
    if says.format != FORMAT:
        raise RouterInvalid(wrong)
    return says


def _arrays(path: Path, data: bytes) -> Arrays:
    try:
        found: Arrays = load(data)
    except (SafetensorError, ValueError, KeyError, OverflowError) as error:
        raise RouterInvalid(f"{str(path)!r} is broken: {error}; fit it again") from error
    for name, array in found.items():
        if not np.isfinite(array).all():
            raise RouterInvalid(f"{str(path)!r} is broken: {name} is not finite; fit it again")
    return found


def _checksum(says: Says, arrays: Arrays) -> str:
    found = sha256(msgspec.json.encode(msgspec.structs.replace(says, checksum="")))
    for name, array in sorted(arrays.items()):
        found.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        found.update(array.tobytes())
    return found.hexdigest()


def _check(says: Says, arrays: Arrays, dimensions: int) -> None:
    """Raises ValueError or KeyError where arrays do not fit each other, or what is said of them."""
    k, m = len(says.categories), len(says.experts)
    v, width = arrays["tokens.places"].size, arrays["linear.constant"].size
    n = arrays["neighbours.labels"].size
    shapes: dict[str, tuple[int, ...]] = {
        "experts.mean": (m,),
        "tokens.places": (v,),
        "tokens.idf": (v,),
        "linear.tokens": (v, width),
        "linear.vector": (dimensions, width),
        "linear.constant": (width,),
        "categories.mean": (k, m),
        "neighbours.vectors": (n, dimensions),
        "neighbours.labels": (n,),
        "neighbours.residues": (n, m),
        "neighbours.measured": (n, m),
    }
    if "forest.roots" in arrays:
        nodes = arrays["forest.feature"].size
        shapes |= {f"forest.{name}": (nodes,) for name in NAMES}
        shapes |= {"forest.roots": (arrays["forest.roots"].size,), "forest.leaf": (nodes, m)}
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise ValueError(f"{name} is {arrays[name].shape}, expected {shape}")
        if arrays[name].dtype.kind not in "fiu":
            raise ValueError(f"{name} is of {arrays[name].dtype}, expected numbers")
    if width < k + m:
        raise ValueError(f"linear.constant has {width} numbers, expected {k + m} or more")
    if (np.diff(arrays["tokens.places"].astype(np.int64)) <= 0).any():
        raise ValueError("tokens.places is not in order")
    labels = arrays["neighbours.labels"]
    if ((labels < -1) | (labels >= k)).any():
        raise ValueError(f"neighbours.labels are of more than {k} categories")
    if says.strange and says.strange not in says.categories:
        raise ValueError(f"{says.strange!r} is none of its categories")
