"""safetensors: eight bytes of length, a JSON object, then tensors that fill the rest without a gap.

Source: the format's README in the safetensors project. The JSON is bounded before it is decoded.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from coterie.errors import WeightsInvalid
from coterie.registry.cursor import Cursor
from coterie.types import Header

MOST_JSON_BYTES = 32 << 20
MOST_TENSORS = 1 << 18

_Length = Annotated[int, Meta(ge=0, lt=1 << 48)]

BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "U16": 16, "I16": 16, "F16": 16, "BF16": 16,
    "U32": 32, "I32": 32, "F32": 32,
    "U64": 64, "I64": 64, "F64": 64, "C64": 64,
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip


class _Tensor(Struct, frozen=True):
    dtype: str
    shape: Annotated[tuple[_Length, ...], Meta(max_length=32)]
    data_offsets: tuple[_Length, _Length]


def is_likely(prefix: bytes | memoryview) -> bool:
    """Whether these first bytes may open a safetensors file: a length, then a JSON object."""
    return prefix[8:9] == b"{"


def parse(name: str, prefix: bytes | memoryview, total_bytes: int) -> Header:
    """The header of a safetensors file of `total_bytes` that begins with `prefix`.

    Raises WeightsInvalid; Short if the header reaches beyond the prefix.
    """
    cursor = Cursor(prefix)
    json_bytes = cursor.u64()
    try:
        if json_bytes > MOST_JSON_BYTES:
            raise _Wrong(
                f"a header of {json_bytes:,} bytes (at most {MOST_JSON_BYTES:,} are believed)"
            )
        tensors = _decode(cursor.take(json_bytes))
        _check(tensors, total_bytes - cursor.at, cursor.at, total_bytes)
    except _Wrong as wrong:
        raise WeightsInvalid(
            f"weights {name!r} are not a usable safetensors file: {wrong}: fetch it again"
        ) from None
    return Header(format="safetensors", tensor_bytes=total_bytes - cursor.at)


class _Wrong(Exception):
    """What is wrong with the file; `parse` adds its name."""


def _decode(text: bytes) -> dict[str, _Tensor]:
    try:
        entries = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        entries.pop("__metadata__", None)
        if len(entries) > MOST_TENSORS:
            raise _Wrong(
                f"it claims {len(entries):,} tensors (at most {MOST_TENSORS:,} are believed)"
            )
        decoder = msgspec.json.Decoder(_Tensor)
        return {key: decoder.decode(entry) for key, entry in entries.items()}
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise _Wrong(f"its header is malformed ({error})") from None


def _check(tensors: dict[str, _Tensor], data_bytes: int, data_at: int, total_bytes: int) -> None:
    if not tensors:
        raise _Wrong("it holds no tensors")
    end = 0
    for key, tensor in sorted(tensors.items(), key=lambda item: (item[1].data_offsets, item[0])):
        first, last = tensor.data_offsets
        if first != end:
            raise _Wrong(
                f"tensor {key!r} begins at {first:,}, expected {end:,}: a gap or an overlap"
            )
        if last - first != _size_bytes(key, tensor):
            raise _Wrong(
                f"tensor {key!r} spans {last - first:,} bytes, its shape needs another number"
            )
        end = last
    if end != data_bytes:
        raise _Wrong(f"its tensors need {data_at + end:,} bytes, the file has {total_bytes:,}")


def _size_bytes(key: str, tensor: _Tensor) -> int:
    bits = BITS.get(tensor.dtype)
    if bits is None:
        raise _Wrong(f"tensor {key!r} has the unknown type {tensor.dtype!r}")
    for length in tensor.shape:
        bits *= length
    if bits % 8:
        raise _Wrong(f"tensor {key!r} does not fill whole bytes")
    return bits // 8
