"""Errors look as OpenAI's do, whoever made them."""

import msgspec
import pytest

from coterie import errors
from coterie.gateway.render import engine_error, error_body, error_fields


def every_error() -> list[errors.CoterieError]:
    return [
        errors.CoterieError("x"),
        errors.BadRequest("x", "model"),
        errors.Unauthorized("x"),
        errors.UnknownExpert("x"),
        errors.UnknownPath("x"),
        errors.WrongMethod("x", ("GET", "POST")),
        errors.BodyTooLarge("x"),
        errors.WorkerLost("x"),
        errors.QueueFull("x", retry_after_s=0.2),
        errors.WaitExceeded("x", retry_after_s=3.01, eta_s=2.5),
    ]


@pytest.mark.parametrize("error", every_error(), ids=lambda error: type(error).__name__)
def test_an_error_is_rendered_from_its_class_alone(error: errors.CoterieError) -> None:
    body = error_body(error)
    assert b"\n" not in body
    given = msgspec.json.decode(body)["error"]
    assert given["message"] == "x"
    assert given["code"] == error.code
    assert given["param"] == ("model" if isinstance(error, errors.BadRequest) else None)
    assert given["type"] == {401: "authentication_error", 429: "rate_limit_error"}.get(
        error.status, "invalid_request_error" if error.status < 500 else "server_error"
    )


def test_a_refusal_says_when_to_come_back() -> None:
    refused = errors.WaitExceeded("x", retry_after_s=3.01, eta_s=2.5)
    assert error_fields(refused) == b"retry-after: 4\r\n"
    assert msgspec.json.decode(error_body(refused))["error"]["eta_s"] == 2.5
    unknown = errors.QueueFull("x", retry_after_s=0.0)
    assert error_fields(unknown) == b"retry-after: 1\r\n"
    assert "eta_s" not in msgspec.json.decode(error_body(unknown))["error"]


def test_other_errors_name_what_they_must() -> None:
    assert error_fields(errors.WrongMethod("x", ("GET", "POST"))) == b"allow: GET, POST\r\n"
    assert error_fields(errors.Unauthorized("x")) == b"www-authenticate: Bearer\r\n"
    assert error_fields(errors.BadRequest("x")) == b""


def test_an_engine_error_of_the_right_shape_stays_as_it_is() -> None:
    body = b'{"error": {"code": 400, "message": "no",\n "type": "mine", "n_ctx": 5}}'
    assert msgspec.json.decode(engine_error(400, body)) == {
        "error": {"param": None, "code": 400, "message": "no", "type": "mine", "n_ctx": 5}
    }
    assert b"\n" not in engine_error(400, body)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the engine answered with status 500"),
        (b"Internal \xff Error", "Internal � Error"),
        (b'{"error": "broken"}', "broken"),
        (b'{"detail": "broken"}', '{"detail": "broken"}'),
        (b'{"error": {"message": 3}}', '{"error": {"message": 3}}'),
        (b"[" * 100_000, "[" * 4096),
    ],
)
def test_any_other_engine_error_is_put_into_shape(body: bytes, message: str) -> None:
    given = msgspec.json.decode(engine_error(500, body))["error"]
    assert given == {"param": None, "code": 500, "message": message, "type": "server_error"}
