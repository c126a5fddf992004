"""How the core looks from outside: values made on request. Looking never changes anything."""

from typing import Literal

from msgspec import Struct, field

from coterie.scheduler.churn import Thrash as Thrash
from coterie.scheduler.records import Attainment as Attainment
from coterie.scheduler.records import Foresight as Foresight

Where = Literal["resident", "room", "loading", "evicts", "unavailable"]


class ExpertStatus(Struct, frozen=True):
    """One expert now. Bytes are of one replica in hot memory; times are seconds since the epoch (0:
    never).
    """

    name: str
    phase: str = "absent"
    tier: str = "remote"
    devices: tuple[str, ...] = ()
    estimated_bytes: int = 0
    measured_bytes: int = 0
    waiting: int = 0
    running: int = 0
    slots: int = 1
    last_used_at: float = 0.0
    loads: int = 0
    restored_tokens: int = 0
    evictions: int = 0
    failures: int = 0
    pinned: bool = False
    eta_s: float | None = None
    load_s: float = 0.0
    reason: str = ""
    kept: Attainment = field(default_factory=Attainment)
    foresight: Foresight = field(default_factory=Foresight)


class Outlook(Struct, frozen=True):
    """What a request that came now would meet at an expert: seconds to its first and to its last
    token, as far as that was learnt, and where the expert is.

    `where`: `resident`, `room` (it would be loaded, and nobody has to go), `loading`, `evicts` (it
    would be loaded in the place of others), `unavailable`. `known`: the time that its load would
    take is known, or it needs none. `hot_bytes`: of a replica; 0: not known.
    """

    expert: str
    where: Where = "unavailable"
    first_s: float = 0.0
    last_s: float = 0.0
    known: bool = True
    hot_bytes: int = 0
    reason: str = ""


class TenantStatus(Struct, frozen=True):
    """One tenant: its share, the seconds of the machine that were spent on it, those of its
    requests that wait, and what became of those with a budget.
    """

    name: str
    weight: float = 1.0
    spent_s: float = 0.0
    waiting: int = 0
    kept: Attainment = field(default_factory=Attainment)


class DeviceStatus(Struct, frozen=True):
    """One device now: its budget, what the ledger holds of it, and who lives there."""

    device: str
    node: str = ""
    hot_bytes: int = 0
    used_bytes: int = 0
    replicas: tuple[str, ...] = ()
    loading: int = 0
    thrash: Thrash | None = None


class Explanation(Struct, frozen=True):
    """Why a request or an expert is where it is, and what would change that."""

    subject: str
    kind: str = "expert"
    state: str = ""
    lines: tuple[str, ...] = ()
