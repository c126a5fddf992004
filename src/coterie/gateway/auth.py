"""Who may come in: a key is known by its hash alone, and hashes are compared in constant time."""

from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest

from coterie.config import Key
from coterie.errors import ForeignOrigin, Unauthorized

REMEMBERED = 256


def check_origin(origin: str | None, host: str | None) -> None:
    """Keeps web pages of other origins from steering a server on their visitor's machine.

    Raises ForeignOrigin. Programs send no Origin, and a page of ours sends our own.
    """
    if origin is not None and origin.partition("://")[2] != host:
        raise ForeignOrigin(
            f"a page of {origin!r} may not use the admin API: ask from the server's own origin"
        )


class Auth:
    """Checks `Authorization: Bearer KEY`; lets everybody in where the document lists no keys."""

    def __init__(self, keys: Sequence[Key]) -> None:
        self._keys = tuple(keys)
        self._verified: dict[str, str] = {}

    def check(self, authorization: str | None) -> str:
        """The name of the key that was shown, `""` where none is asked for. Raises Unauthorized."""
        if not self._keys:
            return ""
        if authorization is None:
            raise Unauthorized(
                "no API key: expected the header 'Authorization: Bearer KEY' with a key "
                "whose sha256 the composition lists"
            )
        name = self._verified.get(authorization)
        if name is None:
            name = self._match(authorization)
            if len(self._verified) >= REMEMBERED:
                self._verified.clear()
            self._verified[authorization] = name
        return name

    def _match(self, authorization: str) -> str:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthorized(
                "the Authorization header is not of the form 'Bearer KEY': send the API key so"
            )
        digest = sha256(token.strip().encode("utf-8", "surrogateescape")).hexdigest()
        matches = [key.name for key in self._keys if compare_digest(digest, key.sha256)]
        if not matches:
            raise Unauthorized(
                "the API key is not one of the composition's: check it, or ask its owner"
            )
        return matches[0]
