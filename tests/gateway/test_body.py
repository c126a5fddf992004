"""What may be asked, and how a wrong request is told what is wrong with it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.errors import BadRequest
from coterie.gateway.body import Wanted, merged, peek


@pytest.mark.parametrize(
    ("body", "param", "words"),
    [
        (b"", None, "is not JSON"),
        (b"{", None, "is not JSON"),
        (b"{} {}", "model", "`model` is missing"),
        (b'{"model": "m"} x', None, "is not JSON"),
        (b'{"model": "\xff"}', None, "is not JSON"),
        (b'{"model": "m", "x": ' + b"[" * 100_000, None, "is not JSON"),
        (b"[]", None, "expected object, got array"),
        (b"null", None, "expected object, got null"),
        (b'{"messages": []}', "model", "`model` is missing"),
        (b'{"model": ""}', "model", "`model` is empty"),
        (b'{"model": " "}', "model", "`model` is empty"),
        (b'{"model": 3}', "model", "expected str, got int"),
        (b'{"model": null}', "model", "expected str, got null"),
        (b'{"model": "m", "stream": "yes"}', "stream", "expected bool | null, got str"),
        (b'{"model": "m", "stream_options": 1}', "stream_options", "expected object | null"),
        (
            b'{"model": "m", "stream_options": {"include_usage": 1}}',
            "stream_options",
            "expected bool | null, got int",
        ),
    ],
)
def test_a_wrong_request_names_the_field(body: bytes, param: str | None, words: str) -> None:
    with pytest.raises(BadRequest) as caught:
        peek(body)
    assert caught.value.param == param
    assert words in str(caught.value)


def test_only_what_the_gateway_acts_on_is_read() -> None:
    body = b'{"model": "m", "stream": true, "messages": "anything", "stream_options": null}'
    assert peek(body) == Wanted("m", True, None)
    assert peek(b'{"model": "m", "stream": null}') == Wanted("m")


@given(st.binary(max_size=200))
def test_garbage_is_always_a_bad_request(body: bytes) -> None:
    with pytest.raises(BadRequest):
        peek(body)


def test_defaults_lie_under_what_the_client_says() -> None:
    body = b'{"model": "m", "temperature": 1e-30, "big": 123456789012345678901234567890}'
    result = merged(body, {"temperature": 0.5, "top_k": 3, "model": "other"})
    assert msgspec.json.decode(result) == {
        "model": "m",
        "temperature": 1e-30,
        "top_k": 3,
        "big": 123456789012345678901234567890,
    }


def test_defaults_need_an_object_under_them() -> None:
    with pytest.raises(BadRequest):
        merged(b"[]", {"top_k": 3})
