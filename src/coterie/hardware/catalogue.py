"""The profiles that come with Coterie, by name; and any other, by the path of its file."""

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from coterie.config.finding import listed, nearest
from coterie.errors import ProfileInvalid
from coterie.hardware.document import MAX_BYTES, decode
from coterie.hardware.profile import Profile

SUFFIXES = (".yaml", ".yml", ".json")


def names() -> tuple[str, ...]:
    """Those that come with Coterie."""
    found = (file.name for file in _folder().iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in found if name.endswith(".yaml")))


def load(name: str) -> Profile:
    """The profile of that name, or in the file at that path. Raises ProfileInvalid."""
    return decode(*source(name))


def source(name: str) -> tuple[bytes, str]:
    """The document as it is written, and what its file is called. Raises ProfileInvalid.

    What ends in .yaml, .yml or .json, or has a folder, is a path; else it is a name.
    """
    if name.endswith(SUFFIXES) or "/" in name:
        return read_file(Path(name)), name
    known = names()
    if name not in known:
        hint = nearest(name, known) or f"; there are {listed(known, 20)}"
        raise ProfileInvalid(f"no profile {name!r}{hint} (a file's name ends in .yaml or .json)")
    return (_folder() / f"{name}.yaml").read_bytes(), f"{name}.yaml"


def read_file(path: Path) -> bytes:
    """A file's bytes, as many as a profile may have and one. Raises ProfileInvalid."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ProfileInvalid(f"{str(path)!r} cannot be read: {error.strerror or error}") from error


def _folder() -> Traversable:
    return resources.files("coterie.hardware") / "profiles"
