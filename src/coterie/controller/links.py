"""What the controller needs of a node, wherever it runs."""

from typing import Protocol

from coterie.engines.protocol import Endpoint
from coterie.scheduler import Fetch, Load, Stage, Unload


class Link(Protocol):
    """A node's agent, near or far. Events come back through the `report` it was made with."""

    async def open(self) -> None: ...

    def perform(self, action: Fetch | Stage | Load | Unload) -> None: ...

    def endpoint(self, replica: str, generation: int) -> Endpoint | None: ...

    async def close(self) -> None: ...
