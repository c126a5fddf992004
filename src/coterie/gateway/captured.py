"""An answer that is kept instead of sent: what a stage of a flow said, for the stages after it."""


class Captured:
    """Takes what a `Reply` takes."""

    def __init__(self) -> None:
        self.status = 0
        self.body = bytearray()
        self.labels = b""
        self.begun = False
        self.ended = False

    def whole(self, status: int, fields: bytes, body: bytes, media: bytes = b"") -> None:
        self.begin(status, fields, media)
        self.body += body
        self.ended = True

    def begin(self, status: int, fields: bytes, media: bytes) -> None:
        self.begun, self.status = True, status

    def write(self, data: bytes, *, last: bool = False) -> None:
        self.body += data
        self.ended |= last

    def fail_begun(self, body: bytes) -> None:
        self.body, self.status, self.ended = bytearray(body), 502, True

    async def drained(self, patience_s: float) -> None:
        """There is nobody who could be slow."""
