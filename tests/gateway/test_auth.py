"""Keys are known by hash; everybody comes in where there are none."""

from hashlib import sha256

import pytest

from coterie.config import Key
from coterie.errors import ForeignOrigin, Unauthorized
from coterie.gateway.auth import REMEMBERED, Auth, check_origin

KEYS = tuple(Key(name, sha256(f"sk-{name}".encode()).hexdigest()) for name in ("ann", "bob"))


def test_without_keys_everybody_comes_in() -> None:
    assert Auth(()).check(None) == ""
    assert Auth(()).check("Bearer whatever") == ""


@pytest.mark.parametrize("header", ["Bearer sk-bob", "bearer sk-bob", "BEARER  sk-bob "])
def test_a_key_is_recognised_by_its_hash_again_and_again(header: str) -> None:
    auth = Auth(KEYS)
    assert [auth.check(header), auth.check(header)] == ["bob", "bob"]
    assert auth.check("Bearer sk-ann") == "ann"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic sk-ann",
        "sk-ann",
        "Bearer sk-anna",
        "Bearer \udcff",
        f"Bearer {KEYS[0].sha256}",
    ],
)
def test_anything_else_is_refused_also_the_second_time(header: str | None) -> None:
    auth = Auth(KEYS)
    for _ in range(2):
        with pytest.raises(Unauthorized):
            auth.check(header)


def test_what_is_remembered_is_bounded() -> None:
    auth = Auth(KEYS)
    for spaces in range(3 * REMEMBERED):
        assert auth.check("Bearer " + " " * spaces + "sk-ann") == "ann"
        assert len(auth._verified) <= REMEMBERED


@pytest.mark.parametrize("origin", [None, "http://localhost:8080"])
def test_programs_and_pages_of_ours_may_steer(origin: str | None) -> None:
    check_origin(origin, "localhost:8080")


@pytest.mark.parametrize("origin", ["http://evil.example", "http://localhost:9999", "null"])
def test_pages_of_others_may_not(origin: str) -> None:
    with pytest.raises(ForeignOrigin, match="own origin"):
        check_origin(origin, "localhost:8080")
