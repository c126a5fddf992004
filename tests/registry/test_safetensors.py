import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.errors import WeightsInvalid
from coterie.registry.cursor import Short
from coterie.registry.safetensors import is_likely, parse
from coterie.types import Header


def entry(dtype: str, shape: list[int], first: int, last: int) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [first, last]}


def safetensors(entries: dict[str, Any] | bytes, data_bytes: int) -> bytes:
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text + bytes(data_bytes)


GOOD = safetensors(
    {
        "__metadata__": {"format": "pt"},
        "b": entry("F32", [2, 3], 8, 32),
        "a": entry("BF16", [4], 0, 8),
        "c": entry("F4", [2], 32, 33),
    },
    33,
)


def header(content: bytes) -> Header:
    return parse("x.safetensors", content, len(content))


def test_a_header_says_how_many_bytes_the_tensors_take() -> None:
    assert is_likely(GOOD)
    assert header(GOOD) == Header(format="safetensors", tensor_bytes=33)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (GOOD[:-1], f"need {len(GOOD)} bytes, the file has {len(GOOD) - 1}"),
        (GOOD + b"x", f"need {len(GOOD)} bytes, the file has {len(GOOD) + 1}"),
        (safetensors({"a": entry("F32", [1], 4, 8)}, 8), "begins at 4, expected 0"),
        (
            safetensors({"a": entry("U8", [4], 0, 4), "b": entry("U8", [4], 2, 6)}, 6),
            "begins at 2, expected 4",
        ),
        (safetensors({"a": entry("F32", [3], 0, 8)}, 8), "spans 8 bytes"),
        (safetensors({"a": entry("F99", [2], 0, 8)}, 8), "unknown type 'F99'"),
        (safetensors({"a": entry("F4", [1], 0, 1)}, 1), "whole bytes"),
        (safetensors({}, 0), "no tensors"),
        (safetensors({"a": {"dtype": "F32"}}, 0), "malformed"),
        (safetensors({"a": entry("F32", [-1], 0, 4)}, 4), "malformed"),
        (safetensors(b'{"a": ' + b"[" * 5000, 0), "malformed"),
        (safetensors(b"{\xff\xfe}", 0), "malformed"),
        (struct.pack("<Q", 1 << 60) + b"{}", "at most 33,554,432 are believed"),
    ],
)
def test_a_forged_file_is_refused_with_the_reason(content: bytes, words: str) -> None:
    with pytest.raises(WeightsInvalid) as error:
        header(content)
    assert words in str(error.value)


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=6))
def test_any_flipped_bytes_are_refused_or_read(flips: list[tuple[int, int]]) -> None:
    content = bytearray(GOOD)
    for at, value in flips:
        content[at] = value
    try:
        found = header(bytes(content))
    except (WeightsInvalid, Short):
        return
    assert 0 < found.tensor_bytes < len(GOOD)
