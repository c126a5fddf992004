"""What is simulated: machines, experts, tenants, and what each costs where."""

from collections.abc import Mapping

from msgspec import Struct

from coterie.config import Limits
from coterie.hardware import Figures
from coterie.scheduler import events as on

FREE = float("inf")
"""Bytes a second of a way on which nothing is waited for."""


class Place(Struct, frozen=True):
    """A node's memory besides its devices', and the ways there; rates are bytes a second.

    Weights that were read stay in host memory, as many as fit into `host_bytes` (0: all of them),
    those not used for longest going first. `is_warm`: they lie there from the beginning, in the
    order in which experts are declared.
    """

    node: str
    link: float = FREE  # of all its links together, from host memory to devices
    disk: float = FREE  # from disk to host memory
    host_bytes: int = 0
    is_warm: bool = True


class Setup(Struct, frozen=True):
    """Machines compute for devices: all devices of a CPU node for one that has its cores, each
    accelerator for itself, with one core. A device's kind says by which `figures` (kind, then
    expert) experts run on it.
    """

    policy: str
    limits: Limits
    devices: tuple[on.DeviceJoined, ...]
    experts: tuple[on.Declared, ...]
    figures: Mapping[str, Mapping[str, Figures]]
    cores: Mapping[str, float]  # of each machine
    computes: Mapping[str, str]  # device -> machine
    kinds: Mapping[str, str]  # device -> kind
    places: tuple[Place, ...] = ()
    tenants: tuple[on.TenantDeclared, ...] = ()
    lanes: Mapping[str, float] = {}  # device -> bytes a second of the links that are its own

    def figures_on(self, expert: str, device: str) -> Figures:
        """What an expert costs there."""
        return self.figures[self.kinds[device]][expert]

    def anywhere(self, expert: str) -> Figures:
        """What it costs on some device: its bytes are the same on all."""
        return next(kind[expert] for kind in self.figures.values() if expert in kind)

    @classmethod
    def of_one_kind(
        cls,
        policy: str,
        limits: Limits,
        devices: tuple[on.DeviceJoined, ...],
        experts: tuple[on.Declared, ...],
        figures: Mapping[str, Figures],
        cores: float,
        tenants: tuple[on.TenantDeclared, ...] = (),
    ) -> "Setup":
        """Nodes with so many cores each, which all of a node's devices share."""
        return cls(
            policy,
            limits,
            devices,
            experts,
            {"": figures},
            {device.node: cores for device in devices},
            {device.device: device.node for device in devices},
            {device.device: "" for device in devices},
            tenants=tenants,
        )
