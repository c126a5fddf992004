"""What to do. An action is data: compared in tests, journalled, sent to a node, answered to a
client.
"""

from msgspec import Struct


class Fetch(Struct, frozen=True, tag="Fetch"):
    """Bring an expert's weights to the local disk and verify them."""

    expert: str


class Load(Struct, frozen=True, tag="Load"):
    """Start a replica of `expert` on `device`; give up at `deadline` (seconds, absolute)."""

    replica: str
    generation: int
    expert: str
    device: str
    deadline: float
    reason: str = ""


class Unload(Struct, frozen=True, tag="Unload"):
    """Stop a replica and confirm its memory free; `force`: kill it."""

    replica: str
    generation: int
    reason: str = ""
    force: bool = False


class Stage(Struct, frozen=True, tag="Stage"):
    """Read an expert's weights into host memory, where a load on `device` will find them."""

    expert: str
    device: str


class Dispatch(Struct, frozen=True, tag="Dispatch"):
    """Send a request to a replica. `queued_s` waited for a place, `loading_s` of it for a load."""

    request: str
    replica: str
    generation: int
    queued_s: float = 0.0
    loading_s: float = 0.0


class Refuse(Struct, frozen=True, tag="Refuse"):
    """Answer a request with an error: `code` is one of `queue_full`, `wait_exceeded`,
    `expert_unavailable`, `model_not_found`, `budget_exceeded`,
    `budget_impossible`.
    """

    request: str
    code: str
    reason: str
    retry_after_s: float
    eta_s: float | None = None


Action = Fetch | Stage | Load | Unload | Dispatch | Refuse
