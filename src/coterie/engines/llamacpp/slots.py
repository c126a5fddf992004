"""What the slots of a worker have computed, saved to files and restored from them.

llama.cpp's server writes a slot's KV cache, and reads it into one that is configured alike; it then
finds the beginning of a prompt there as it does in a slot that was never gone. How many bytes it
may write is for the kernel to say: the limit on the worker's files, which is that of its log
otherwise.
"""

import json
import resource
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

LEAST_TOKENS = 64  # of a slot that is worth a file: fewer are computed again in no time
TIMEOUT_S = 4.0  # of each slot
CAN_SAVE = hasattr(resource, "prlimit")


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
            saved = int(_act(address, headers, slot, "save").get("n_saved", 0))
        except (OSError, ValueError):
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
                tokens += int(_act(address, headers, slot, "restore").get("n_restored", 0))
            except (OSError, ValueError):
                continue  # the prompt is computed again
    return tokens


def _act(address: str, headers: Mapping[str, str], slot: int, action: str) -> dict[str, int]:
    """Asks the server for it. Raises OSError where it cannot, ValueError for an answer that is no
    JSON.
    """
    connection = HTTPConnection(urlsplit(address).netloc, timeout=TIMEOUT_S)
    try:
        connection.request(
            "POST",
            f"/slots/{slot}?action={action}",
            json.dumps({"filename": f"{slot}.kv"}),
            {"Content-Type": "application/json", **headers},
        )
        answer = connection.getresponse()
        found: dict[str, int] = json.loads(answer.read()) if answer.status == 200 else {}
        return found
    except HTTPException as error:
        raise OSError(f"the worker broke off: {error}") from error
    finally:
        connection.close()
