"""Small GGUF files for tests: as real as a header needs, as small as a test wants.

`tiny_gguf()` is a whole model header with zeroed tensors; `gguf_bytes` writes any fields and
tensors, wrong ones too.
"""

import struct
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from coterie.registry.gguf import BLOCKS

F32, F16, Q4_1, Q8_0 = 0, 1, 3, 8

Value = bool | int | float | str | Sequence["Value"]


class Tensor(Struct, frozen=True):
    """A tensor to write; `at` overrides the offset that would be right. Its data are zeros."""

    name: str
    shape: tuple[int, ...] = (32,)
    kind: int = F32
    at: int | None = None

    @property
    def size_bytes(self) -> int:
        block, block_bytes = BLOCKS.get(self.kind, (1, 4))
        elements = 1
        for length in self.shape:
            elements *= length
        return elements // block * block_bytes


class TinyModel(Struct, frozen=True):
    """The numbers of a model that `tiny_gguf` writes."""

    architecture: str = "llama"
    name: str = "tiny"
    layers: int = 2
    heads: int = 4
    kv_heads: int = 2
    embedding_dim: int = 64
    feed_forward_dim: int = 128
    context: int = 512
    vocabulary: int = 16
    chat_template: str = "{{ messages }}"
    extra: dict[str, Value] = field(default_factory=dict)


def tiny_gguf(model: TinyModel | None = None) -> bytes:
    """A well-formed GGUF file of a few kilobytes; models that differ have other digests."""
    model = model or TinyModel()
    arch = model.architecture
    fields: dict[str, Value] = {
        "general.architecture": arch,
        "general.name": model.name,
        f"{arch}.block_count": model.layers,
        f"{arch}.attention.head_count": model.heads,
        f"{arch}.attention.head_count_kv": model.kv_heads,
        f"{arch}.embedding_length": model.embedding_dim,
        f"{arch}.feed_forward_length": model.feed_forward_dim,
        f"{arch}.context_length": model.context,
        "tokenizer.ggml.tokens": [f"<{token}>" for token in range(model.vocabulary)],
        "tokenizer.ggml.scores": [0.0] * model.vocabulary,
        "tokenizer.chat_template": model.chat_template,
        **model.extra,
    }
    tensors = [Tensor("token_embd.weight", (model.embedding_dim, model.vocabulary), Q8_0)]
    tensors += [
        Tensor(f"blk.{layer}.attn_norm.weight", (model.embedding_dim,))
        for layer in range(model.layers)
    ]
    return gguf_bytes(fields, tensors)


def gguf_bytes(
    fields: Mapping[str, Value],
    tensors: Sequence[Tensor],
    *,
    version: int = 3,
    alignment: int = 32,
    counts: tuple[int, int] | None = None,
) -> bytes:
    """A GGUF file; `counts` overrides the numbers of tensors and fields that it claims."""
    tensor_count, field_count = counts or (len(tensors), len(fields))
    head = b"GGUF" + struct.pack("<IQQ", version, tensor_count, field_count)
    head += b"".join(_string(key) + _value(value) for key, value in fields.items())
    data_bytes = 0
    for tensor in tensors:
        at = data_bytes if tensor.at is None else tensor.at
        head += _string(tensor.name) + struct.pack("<I", len(tensor.shape))
        head += struct.pack(f"<{len(tensor.shape)}QIQ", *tensor.shape, tensor.kind, at)
        data_bytes = _padded(data_bytes + tensor.size_bytes, alignment)
    return head.ljust(_padded(len(head), alignment), b"\0") + bytes(data_bytes)


def _padded(size_bytes: int, alignment: int) -> int:
    return -(-size_bytes // alignment) * alignment


def _string(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def _value(value: Value) -> bytes:
    if isinstance(value, str | bool | int | float):
        return struct.pack("<I", _kind(value)) + _bare(value)
    kind = _kind(value[0]) if value else 4
    return struct.pack("<IIQ", 9, kind, len(value)) + b"".join(map(_bare, value))


def _kind(value: Value) -> int:
    match value:
        case str():
            return 8
        case bool():
            return 7
        case int():
            return 4 if 0 <= value < 1 << 32 else 11
        case float():
            return 6
        case _:
            return 9


def _bare(value: Value) -> bytes:
    match value:
        case str():
            return _string(value)
        case bool():
            return struct.pack("<?", value)
        case int():
            return struct.pack("<I" if 0 <= value < 1 << 32 else "<q", value)
        case float():
            return struct.pack("<f", value)
        case _:
            return _value(value)[4:]
