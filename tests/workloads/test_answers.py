import pytest

from coterie.workloads.answers import Reading, error_of, usage

ROLE = b'data: {"choices":[{"delta":{"role":"assistant","content":null}}]}\n\n'
TOKEN = b'data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":null}]}\n\n'
STOP = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2}}\n\n'
DONE = b"data: [DONE]\n\n"


def reading_of(*chunks: bytes) -> Reading:
    reading = Reading()
    for chunk in chunks:
        reading.feed(chunk)
    return reading


@pytest.mark.parametrize("chunk", [b": loading, 3 s left\n\n", ROLE, b"\n"])
def test_keepalives_and_roles_are_no_token(chunk: bytes) -> None:
    assert not reading_of(chunk).has_content


@pytest.mark.parametrize(
    "chunk",
    [
        TOKEN,
        b'data:{"choices":[{"text":"Hi"}]}\n\n',
        b'data: {"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}\n\n',
        b'data: {"choices":[{"delta":{"reasoning_content":"Well"}}]}\n\n',
    ],
)
def test_content_of_any_kind_is_a_token(chunk: bytes) -> None:
    assert reading_of(chunk).has_content


def test_a_frame_may_come_in_pieces() -> None:
    reading = reading_of(TOKEN[:20])
    assert not reading.has_content
    reading.feed(TOKEN[20:])
    assert reading.has_content


def test_usage_is_what_the_server_says() -> None:
    reading = reading_of(ROLE, TOKEN, TOKEN, TOKEN, STOP, USAGE, DONE)
    reading.close()
    assert (reading.prompt_tokens, reading.output_tokens, reading.error) == (5, 2, "")


def test_without_usage_pieces_are_counted() -> None:
    reading = reading_of(ROLE, TOKEN, TOKEN, STOP, DONE)
    reading.close()
    assert reading.output_tokens == 2


def test_a_stream_that_breaks_off_is_an_error() -> None:
    reading = reading_of(ROLE, TOKEN)
    reading.close()
    assert reading.error == "the stream broke off"


def test_an_empty_answer_is_complete() -> None:
    reading = reading_of(STOP, DONE)
    reading.close()
    assert (reading.has_content, reading.error) == (True, "")


@pytest.mark.parametrize("field", [b"data", b"error"])
def test_an_error_frame_is_the_error(field: bytes) -> None:
    reading = reading_of(TOKEN, field + b': {"error":{"message":"gone","code":"worker_lost"}}\n\n')
    reading.close()
    assert reading.error == "worker_lost"


def test_a_frame_that_is_no_json_is_an_error() -> None:
    assert "not JSON" in reading_of(b"data: {oops\n\n").error


def test_usage_may_be_absent_or_null() -> None:
    assert usage({}) == (0, 0)
    assert usage({"usage": None}, (3, 4)) == (3, 4)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"error":{"message":"no such","code":"model_not_found"}}', "model_not_found"),
        (b'{"error":"plain"}', "plain"),
        (b"<html>Bad Gateway</html>", "<html>Bad Gateway</html>"),
    ],
)
def test_errors_are_named_in_short(body: bytes, told: str) -> None:
    assert error_of(body) == told
