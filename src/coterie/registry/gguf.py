"""GGUF versions 2 and 3, little endian: believed only as far as the file's own size bears it out.

Layout: magic, version, counts, key-value fields, tensor descriptions, padding, tensor data. Fields
are walked, not built: a vocabulary costs a step a token and no memory. Source: the GGUF
specification of ggml.
"""

import struct
from collections.abc import Callable, Iterable

from msgspec import Struct

from coterie.errors import WeightsInvalid
from coterie.registry.cursor import Cursor
from coterie.types import Header

MAGIC = b"GGUF"
MOST_FIELDS = 1 << 16
MOST_TENSORS = 1 << 18
MOST_KEY_BYTES = 1 << 16
MOST_NAME_BYTES = 1 << 10
MOST_TEXT_BYTES = 1 << 16
MOST_STRINGS = 1 << 23
MOST_LAYERS = 1 << 16
MOST_DIMENSIONS = 4
MOST_NUMBER = (1 << 40) - 1

_SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_INTEGERS = frozenset((0, 1, 2, 3, 4, 5, 10, 11))
_STRING, _ARRAY = 8, 9

# ggml type: (elements in a block, bytes of a block). Absent numbers were removed or never given
# out.
BLOCKS = {
    0: (1, 4),  # F32
    1: (1, 2),  # F16
    2: (32, 18),  # Q4_0
    3: (32, 20),  # Q4_1
    6: (32, 22),  # Q5_0
    7: (32, 24),  # Q5_1
    8: (32, 34),  # Q8_0
    9: (32, 40),  # Q8_1
    10: (256, 84),  # Q2_K
    11: (256, 110),  # Q3_K
    12: (256, 144),  # Q4_K
    13: (256, 176),  # Q5_K
    14: (256, 210),  # Q6_K
    15: (256, 292),  # Q8_K
    16: (256, 66),  # IQ2_XXS
    17: (256, 74),  # IQ2_XS
    18: (256, 98),  # IQ3_XXS
    19: (256, 50),  # IQ1_S
    20: (32, 18),  # IQ4_NL
    21: (256, 110),  # IQ3_S
    22: (256, 82),  # IQ2_S
    23: (256, 136),  # IQ4_XS
    24: (1, 1),  # I8
    25: (1, 2),  # I16
    26: (1, 4),  # I32
    27: (1, 8),  # I64
    28: (1, 8),  # F64
    29: (256, 56),  # IQ1_M
    30: (1, 2),  # BF16
    34: (256, 54),  # TQ1_0
    35: (256, 66),  # TQ2_0
    39: (32, 17),  # MXFP4
    40: (64, 36),  # NVFP4
    41: (128, 18),  # Q1_0
}


class _Field(Struct, frozen=True):
    """Where a value lies: of `kind`, `count` elements (-1: a scalar), from offset `at`."""

    kind: int
    count: int
    at: int


class _Tensor(Struct, frozen=True):
    name: str
    at: int
    size_bytes: int


def parse(name: str, prefix: bytes | memoryview, total_bytes: int) -> Header:
    """The header of a GGUF file of `total_bytes` that begins with `prefix`.

    Raises WeightsInvalid; Short if the header reaches beyond the prefix.
    """
    cursor = Cursor(prefix, at=len(MAGIC))
    try:
        _check_version(cursor.u32())
        tensor_count, field_count = cursor.u64(), cursor.u64()
        _check_count("tensors", tensor_count, MOST_TENSORS)
        _check_count("fields", field_count, MOST_FIELDS)
        fields = _walk_fields(cursor, field_count)
        values = _Values(prefix, fields)
        tensors = _read_tensors(cursor, tensor_count)
        data_at = _aligned(cursor.at, values.alignment())
        _check_tensors(tensors, values.alignment(), data_at, total_bytes)
        return _header(values, sum(tensor.size_bytes for tensor in tensors))
    except _Wrong as wrong:
        raise WeightsInvalid(f"weights {name!r} are not a usable GGUF file: {wrong}") from None


class _Wrong(Exception):
    """What is wrong with the file; `parse` adds its name."""


def _check_version(version: int) -> None:
    if version in (2, 3):
        return
    if version & 0xFFFF == 0:
        raise _Wrong("it is big endian: convert it to little endian")
    if version == 1:
        raise _Wrong("version 1 is too old (expected 2 or 3): convert the model again")
    raise _Wrong(
        f"version {version} is unknown (expected 2 or 3): convert the model again, or fetch it "
        "again"
    )


def _check_count(what: str, count: int, most: int) -> None:
    if count > most:
        raise _Wrong(f"it claims {count:,} {what} (at most {most:,} are believed): fetch it again")


def _walk_fields(cursor: Cursor, count: int) -> dict[str, _Field]:
    fields: dict[str, _Field] = {}
    strings_left = MOST_STRINGS
    for _ in range(count):
        key = _text(cursor, MOST_KEY_BYTES, "a field's key")
        kind, elements = cursor.u32(), -1
        if kind == _ARRAY:
            kind, elements = cursor.u32(), cursor.u64()
        if key in fields:
            raise _Wrong(f"field {key!r} appears twice: convert the model again")
        fields[key] = _Field(kind, elements, cursor.at)
        size = max(elements, 1) if elements else 0
        if kind == _STRING:
            strings_left -= size
            if strings_left < 0:
                raise _Wrong(
                    f"field {key!r} claims {elements:,} strings, more than are believed: fetch it "
                    "again"
                )
            cursor.skip_strings(size)
        elif kind in _SCALARS:
            cursor.skip(size * struct.calcsize(_SCALARS[kind]))
        else:
            raise _Wrong(f"field {key!r} has the unknown type {kind}: convert the model again")
    return fields


def _read_tensors(cursor: Cursor, count: int) -> list[_Tensor]:
    if not count:
        raise _Wrong(
            "it holds no tensors, only a vocabulary or settings: use the file with the weights"
        )
    return [_read_tensor(cursor) for _ in range(count)]


def _read_tensor(cursor: Cursor) -> _Tensor:
    name = _text(cursor, MOST_NAME_BYTES, "a tensor's name")
    dimensions = cursor.u32()
    if dimensions > MOST_DIMENSIONS:
        raise _Wrong(
            f"tensor {name!r} claims {dimensions} dimensions, at most {MOST_DIMENSIONS} exist"
        )
    shape = cursor.u64s(dimensions)
    kind, at = cursor.u32(), cursor.u64()
    if kind not in BLOCKS:
        raise _Wrong(
            f"tensor {name!r} has the unknown type {kind}: quantise the model again in a current "
            "type"
        )
    block, block_bytes = BLOCKS[kind]
    elements = 1
    for length in shape:
        elements *= length
    if not 0 < elements <= MOST_NUMBER or (shape[0] if shape else 1) % block:
        raise _Wrong(
            f"tensor {name!r} has the impossible shape {shape} for blocks of {block}: fetch it "
            "again"
        )
    return _Tensor(name, at, elements // block * block_bytes)


def _check_tensors(tensors: list[_Tensor], alignment: int, data_at: int, total_bytes: int) -> None:
    names: set[str] = set()
    end = 0
    for tensor in sorted(tensors, key=lambda tensor: (tensor.at, tensor.name)):
        if tensor.name in names:
            raise _Wrong(f"tensor {tensor.name!r} appears twice: convert the model again")
        names.add(tensor.name)
        if tensor.at % alignment:
            raise _Wrong(
                f"tensor {tensor.name!r} lies at {tensor.at:,}, no multiple of {alignment}: fetch "
                "it again"
            )
        if tensor.at < end:
            raise _Wrong(f"tensor {tensor.name!r} overlaps the one before it: fetch it again")
        end = tensor.at + tensor.size_bytes
    if data_at + end > total_bytes:
        raise _Wrong(
            f"it is truncated: its tensors need {data_at + end:,} bytes, the file has "
            f"{total_bytes:,}: fetch it again"
        )


def _header(values: "_Values", tensor_bytes: int) -> Header:
    parts = values.integer("split.count", most=max)
    if parts > 1:
        raise _Wrong(
            f"it is one of {parts} files of a split model: merge them with llama-gguf-split --merge"
        )
    architecture = values.text("general.architecture")
    if not architecture:
        raise _Wrong("field 'general.architecture' is missing: convert the model again")

    def integer(key: str, most: Callable[[Iterable[int]], int] = max) -> int:
        return values.integer(f"{architecture}.{key}", most)

    layers = integer("block_count")
    if layers > MOST_LAYERS:
        raise _Wrong(
            f"it claims {layers:,} layers (at most {MOST_LAYERS:,} are believed): fetch it again"
        )
    heads, embedding = integer("attention.head_count"), integer("embedding_length")
    head_dim = embedding // heads if heads else 0
    return Header(
        format="gguf",
        architecture=architecture,
        name=values.text("general.name"),
        layers=layers,
        heads=heads,
        kv_heads=integer("attention.head_count_kv", _mean_rounded_up) or heads,
        key_dim=integer("attention.key_length") or head_dim,
        value_dim=integer("attention.value_length") or head_dim,
        embedding_dim=embedding,
        feed_forward_dim=integer("feed_forward_length"),
        vocabulary=values.count("tokenizer.ggml.tokens") or integer("vocab_size"),
        context=integer("context_length"),
        sliding_window=integer("attention.sliding_window"),
        tensor_bytes=tensor_bytes,
        chat_template=values.has_text("tokenizer.chat_template"),
    )


class _Values:
    """Values of walked fields, read when asked for."""

    def __init__(self, prefix: bytes | memoryview, fields: dict[str, _Field]) -> None:
        self._prefix = prefix
        self._fields = fields

    def count(self, key: str) -> int:
        field = self._fields.get(key)
        return max(field.count, 0) if field else 0

    def has_text(self, key: str) -> bool:
        field = self._fields.get(key)
        return (
            field is not None and field.kind == _STRING and Cursor(self._prefix, field.at).u64() > 0
        )

    def text(self, key: str) -> str:
        field = self._fields.get(key)
        if field is None:
            return ""
        if field.kind != _STRING or field.count >= 0:
            raise _Wrong(f"field {key!r} should be a string: convert the model again")
        return _text(Cursor(self._prefix, field.at), MOST_TEXT_BYTES, f"field {key!r}")

    def integer(self, key: str, most: Callable[[Iterable[int]], int]) -> int:
        """A number, 0 if absent; where the file gives one a layer, `most` makes one of them."""
        field = self._fields.get(key)
        if field is None:
            return 0
        if field.kind not in _INTEGERS or field.count > MOST_LAYERS:
            raise _Wrong(
                f"field {key!r} should be an integer, or one a layer: convert the model again"
            )
        numbers = struct.unpack_from(
            f"<{1 if field.count < 0 else field.count}{_SCALARS[field.kind]}",
            self._prefix,
            field.at,
        )
        if any(not 0 <= number <= MOST_NUMBER for number in numbers):
            raise _Wrong(f"field {key!r} is out of any range that is believed: fetch it again")
        return most(numbers) if numbers else 0

    def alignment(self) -> int:
        alignment = self.integer("general.alignment", max) or 32
        if alignment & (alignment - 1) or not 8 <= alignment <= 1 << 20:
            raise _Wrong(
                f"an alignment of {alignment} is not a power of two from 8 to 1,048,576: fetch it "
                "again"
            )
        return alignment


def _mean_rounded_up(numbers: Iterable[int]) -> int:
    """So that layers times the mean is never below what the layers have together."""
    numbers = list(numbers)
    return -(-sum(numbers) // len(numbers))


def _text(cursor: Cursor, most_bytes: int, what: str) -> str:
    length = cursor.u64()
    if length > most_bytes:
        raise _Wrong(
            f"{what} claims {length:,} bytes (at most {most_bytes:,} are believed): fetch it again"
        )
    return cursor.take(length).decode("utf-8", "replace")


def _aligned(at: int, alignment: int) -> int:
    return -(-at // alignment) * alignment
