"""Tokens are counted from the end of an answer."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.gateway.usage import TAIL_BYTES, Tally, tokens
from coterie.testing.upstream import COMPLETION, USAGE, chunk

STREAM = b"".join(
    b"data: " + msgspec.json.encode(document) + b"\n\n"
    for document in (
        *(chunk(word) for word in ("a", "stream", "of", "words")),
        chunk(None, timings={"cache_n": 3, "prompt_n": 4, "predicted_n": 5}),
    )
)


def tallied(*pieces: bytes) -> Tally:
    tally = Tally()
    for piece in pieces:
        tally.add(piece)
    return tally


def test_a_whole_answer_accounts_for_itself() -> None:
    assert tokens(msgspec.json.encode(COMPLETION)) == (7, 3)
    assert tokens(b'{"timings": {"cache_n": 1, "prompt_n": 2, "predicted_n": 3}}') == (3, 3)
    assert tokens(b'{"usage": {"prompt_tokens": 9, "total_tokens": 9}}') == (9, 0)


@pytest.mark.parametrize(
    "answer", [b"", b"{}", b"[]", b'{"usage": null}', b'{"usage": 3}', b"\xff", b"[" * 100_000]
)
def test_an_answer_without_an_account_counts_nothing(answer: bytes) -> None:
    assert tokens(answer) == (0, 0)


@given(st.lists(st.integers(0, len(STREAM))))
def test_a_stream_is_read_from_its_timings_however_it_was_cut(cuts: list[int]) -> None:
    bounds = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[a:b] for a, b in pairwise(bounds)]
    assert tallied(*pieces, b"data: [DONE]\n\n").tokens() == (7, 5)


def test_a_usage_chunk_at_the_end_is_what_counts() -> None:
    last = msgspec.json.encode({"choices": [], "usage": USAGE})
    assert tallied(STREAM, b"data: " + last + b"\n\n", b"data: [DONE]\n\n").tokens() == (7, 3)


def test_a_null_usage_does_not_hide_the_real_one() -> None:
    tail = b'data: {"usage": {"prompt_tokens": 1, "completion_tokens": 2}}\n\n'
    assert tallied(tail, b'data: {"choices": [], "usage": null}\n\n').tokens() == (1, 2)


def test_a_stream_that_breaks_off_counts_its_events() -> None:
    words = [b"data: " + msgspec.json.encode(chunk("word")) + b"\n\n"] * 4
    assert tallied(*words, b'data: {"cho').tokens() == (0, 5)
    assert not tallied(*words, b'data: {"cho').at_event_end
    assert tallied(*words).at_event_end
    assert tallied().at_event_end


def test_the_memory_of_a_long_stream_is_bounded() -> None:
    tally = tallied(*[b"x" * 5000] * 20, b"y" * 50_000)
    assert tally._tail == b"y" * TAIL_BYTES
