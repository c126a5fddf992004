import struct
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.errors import WeightsInvalid
from coterie.registry.cursor import Short
from coterie.registry.gguf import MOST_STRINGS, parse
from coterie.testing.gguf import Q8_0, Tensor, TinyModel, Value, gguf_bytes, tiny_gguf
from coterie.types import Header

TINY = tiny_gguf()
ARCH: dict[str, Value] = {"general.architecture": "llama"}


def header(content: bytes) -> Header:
    return parse("x.gguf", content, len(content))


def refusal(content: bytes) -> str:
    with pytest.raises(WeightsInvalid) as error:
        header(content)
    assert "\n" not in str(error.value)
    assert "'x.gguf'" in str(error.value)
    return str(error.value)


def with_fields(**extra: Value) -> Header:
    fields = {**ARCH, **{f"llama.{key}": value for key, value in extra.items()}}
    return header(gguf_bytes(fields, [Tensor("t")]))


def test_a_header_says_what_the_model_is() -> None:
    model = TinyModel(
        name="small",
        layers=3,
        heads=8,
        kv_heads=2,
        embedding_dim=128,
        vocabulary=20,
        extra={"llama.attention.sliding_window": 64},
    )
    assert header(tiny_gguf(model)) == Header(
        format="gguf",
        architecture="llama",
        name="small",
        layers=3,
        heads=8,
        kv_heads=2,
        key_dim=16,
        value_dim=16,
        embedding_dim=128,
        feed_forward_dim=128,
        vocabulary=20,
        context=512,
        sliding_window=64,
        tensor_bytes=128 * 20 // 32 * 34 + 3 * 128 * 4,
        chat_template=True,
    )


def test_the_second_version_reads_the_same() -> None:
    second = TINY[:4] + struct.pack("<I", 2) + TINY[8:]
    assert header(second) == header(TINY)


def test_what_a_file_does_not_say_is_zero() -> None:
    assert header(gguf_bytes(ARCH, [Tensor("t")])) == Header(
        format="gguf", architecture="llama", tensor_bytes=128
    )


def test_named_key_and_value_lengths_win_over_the_default() -> None:
    found = with_fields(
        **{
            "embedding_length": 640,
            "attention.head_count": 4,
            "attention.key_length": 256,
            "attention.value_length": 128,
        }
    )
    assert (found.key_dim, found.value_dim, found.kv_heads) == (256, 128, 4)


@pytest.mark.parametrize(
    ("per_layer", "kv_heads"), [([8, 0, 0, 8], 4), ([1, 0, 0, 0], 1), ([2, 2], 2), ([], 6)]
)
def test_heads_of_each_layer_become_a_mean_that_never_underestimates(
    per_layer: Sequence[int], kv_heads: int
) -> None:
    found = with_fields(
        **{"attention.head_count_kv": per_layer, "attention.head_count": [4, 6, 4, 4]}
    )
    assert (found.kv_heads, found.heads) == (kv_heads, 6)


def test_an_empty_template_is_none() -> None:
    assert header(tiny_gguf(TinyModel(chat_template=""))).chat_template is False


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"GGUF" + struct.pack("<I", 1) + TINY[8:], "version 1 is too old"),
        (b"GGUF" + struct.pack("<I", 4) + TINY[8:], "version 4 is unknown"),
        (b"GGUF" + struct.pack(">I", 3) + TINY[8:], "big endian"),
        (gguf_bytes(ARCH, [], counts=(1 << 40, 1)), "claims 1,099,511,627,776 tensors"),
        (gguf_bytes(ARCH, [], counts=(0, 1 << 63)), "fields"),
        (gguf_bytes(ARCH, []), "no tensors"),
        (gguf_bytes({}, [Tensor("t")]), "'general.architecture' is missing"),
        (gguf_bytes({"general.architecture": 3}, [Tensor("t")]), "should be a string"),
        (gguf_bytes({**ARCH, "general.alignment": 24}, [Tensor("t")]), "alignment of 24"),
        (gguf_bytes({**ARCH, "split.count": 3}, [Tensor("t")]), "one of 3 files"),
        (gguf_bytes({**ARCH, "llama.block_count": "9"}, [Tensor("t")]), "should be an integer"),
        (gguf_bytes({**ARCH, "llama.block_count": -9}, [Tensor("t")]), "out of any range"),
        (gguf_bytes({**ARCH, "llama.block_count": 1 << 20}, [Tensor("t")]), "layers"),
        (gguf_bytes({**ARCH, "x": [[1]]}, [Tensor("t")]), "unknown type 9"),
        (gguf_bytes(ARCH, [Tensor("t"), Tensor("t")]), "'t' appears twice"),
        (gguf_bytes(ARCH, [Tensor("a"), Tensor("b", at=96)]), "'b' overlaps"),
        (gguf_bytes(ARCH, [Tensor("a", at=8)]), "no multiple of 32"),
        (gguf_bytes(ARCH, [Tensor("a", kind=4)]), "unknown type 4"),
        (gguf_bytes(ARCH, [Tensor("a", shape=(33,), kind=Q8_0)]), "impossible shape (33,)"),
        (gguf_bytes(ARCH, [Tensor("a", shape=(32, 0))]), "impossible shape (32, 0)"),
        (gguf_bytes(ARCH, [Tensor("a", shape=(1, 1, 1, 1, 1))]), "5 dimensions"),
    ],
)
def test_a_forged_file_is_refused_with_the_reason(content: bytes, words: str) -> None:
    assert words in refusal(content)


def test_an_impossible_shape_needs_no_bytes_to_be_refused() -> None:
    content = gguf_bytes(ARCH, [Tensor("a")]).replace(
        struct.pack("<IQI", 1, 32, 0), struct.pack("<IQI", 1, 1 << 63, 0)
    )
    assert "impossible shape" in refusal(content)


def test_a_field_that_appears_twice_is_refused() -> None:
    content = gguf_bytes({"a.key": 1, "b.key": 2, **ARCH}, [Tensor("t")]).replace(
        b"b.key", b"a.key"
    )
    assert "'a.key' appears twice" in refusal(content)


def test_a_truncated_file_is_refused_with_expected_and_actual_bytes() -> None:
    message = refusal(TINY[:-64])
    assert f"need {len(TINY):,} bytes" in message
    assert f"has {len(TINY) - 64:,}" in message


def test_a_header_that_reaches_beyond_the_prefix_is_asked_for() -> None:
    with pytest.raises(Short):
        parse("x.gguf", TINY[:100], len(TINY))


def test_more_strings_than_are_believed_are_not_stepped_over() -> None:
    field = struct.pack("<Q", 1) + b"k" + struct.pack("<IIQ", 9, 8, MOST_STRINGS + 1)
    content = b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + field + bytes(64)
    assert "strings, more than are believed" in refusal(content)


@given(st.integers(4, len(TINY) - 1))
def test_any_truncation_is_refused(length: int) -> None:
    with pytest.raises((WeightsInvalid, Short)):
        parse("x.gguf", TINY[:length], length)


@given(
    st.lists(st.tuples(st.integers(4, len(TINY) - 1), st.integers(0, 255)), min_size=1, max_size=8),
    st.none() | st.integers(24, len(TINY)),
)
def test_any_flipped_bytes_are_refused_or_read(
    flips: list[tuple[int, int]], length: int | None
) -> None:
    content = bytearray(TINY)
    for at, value in flips:
        content[at] = value
    cut = bytes(content[:length])
    try:
        found = parse("x.gguf", cut, len(cut))
    except (WeightsInvalid, Short):
        return
    assert 0 < found.tensor_bytes <= len(cut)
