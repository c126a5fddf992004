"""What the slots of a worker have computed, saved to files and restored from them.

llama.cpp's server writes a slot's KV cache, and reads it into one that is configured alike; it then
finds the beginning of a prompt there as it does in a slot that was never gone. How many bytes it
may write is for the kernel to say: the limit on the worker's files, which is that of its log
otherwise.
"""

import resource
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

LEAST_TOKENS = 64  # of a slot that is worth a file: fewer are computed again in no time
TIMEOUT_S = 4.0  # of each slot
CAN_SAVE = hasattr(resource, "prlimit")


class Acted(msgspec.Struct, frozen=True):
    """What the server says that it did: tokens."""

    n_saved: int = 0
    n_restored: int = 0


def save(
    address: str, headers: Mapping[str, str], folder: str, slots: int, most_bytes: int, pid: int
) -> None:
    """Writes every slot that is worth it, as far as the bytes go; what fails is not there.
    Blocks.
    """
    if not CAN_SAVE:
        return
    left = most_bytes
    for slot in range(slots):
        path = Path(folder) / f"{slot}.kv"
        saved = 0
        try:
            _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            most = left if hard == resource.RLIM_INFINITY else min(left, hard)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, hard))
            saved = _act(address, headers, slot, "save").n_saved
        except (OSError, msgspec.DecodeError):
            saved = 0
        if saved < LEAST_TOKENS:
            path.unlink(missing_ok=True)
        else:
            left -= path.stat().st_size


def restore(address: str, headers: Mapping[str, str], folder: str, slots: int) -> int:
    """Reads what `save` wrote back into the slots. The tokens that they have now. Blocks."""
    tokens = 0
    for slot in range(slots):
        if (Path(folder) / f"{slot}.kv").exists():
            try:
                tokens += _act(address, headers, slot, "restore").n_restored
            except (OSError, msgspec.DecodeError):
                continue  # the prompt is computed again
    return tokens


def _act(address: str, headers: Mapping[str, str], slot: int, action: str) -> Acted:
    """Asks the server for it. Raises OSError where it cannot, DecodeError for an answer that says
    nothing.
    """
    connection = HTTPConnection(urlsplit(address).netloc, timeout=TIMEOUT_S)
    try:
        connection.request(
            "POST",
            f"/slots/{slot}?action={action}",
            msgspec.json.encode({"filename": f"{slot}.kv"}),
            {"Content-Type": "application/json", **headers},
        )
        answer = connection.getresponse()
        body = answer.read()
        return msgspec.json.decode(body, type=Acted) if answer.status == 200 else Acted()
    except HTTPException as error:
        raise OSError(f"the worker broke off: {error}") from error
    finally:
        connection.close()
