"""A model as the cost model sees it: bytes read and operations done for a token."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from coterie.errors import PlanImpossible
from coterie.types import Header, Weights

CACHE_BYTES = 2  # of an element of the KV cache, at 16 bits
WEIGHT_BYTES = 2  # of a parameter, where nothing else is known


class Card(Struct, frozen=True):
    """`active_bytes` and `active_parameters` take part in one token: fewer than all in a mixture of
    experts; 0: all. `kv_bytes_per_token` is what a token of context keeps; 0: not known, and
    counted as nothing. `head_parameters`: of all, those of the output's head, which a prompt asks
    but once, for its last token; 0: not known, and taken to be multiplied for each.
    """

    name: str
    weight_bytes: int
    parameters: float
    active_bytes: int = 0
    active_parameters: float = 0.0
    kv_bytes_per_token: int = 0
    layers: int = 0
    head_parameters: float = 0.0

    def bytes_read(self, tokens: float) -> float:
        """Of weights, for so many tokens at once.

        In a mixture, tokens that choose evenly and each for itself leave a part untouched with
        (1 - active / all) to the power of their number.
        """
        if not self.active_bytes:
            return float(self.weight_bytes)
        untouched: float = (1.0 - self.active_bytes / self.weight_bytes) ** tokens
        return self.weight_bytes * (1.0 - untouched)

    def operations(self, tokens: float) -> float:
        """Of the products with weights, a multiplication and an addition for each parameter.

        Attention's own are left out: below a tenth up to 4,096 tokens of a model of 7 billion.
        (Kaplan et al., "Scaling Laws for Neural Language Models", 2020, table 1.)
        """
        return 2.0 * (self.active_parameters or self.parameters) * tokens

    def prompt_operations(self, tokens: float) -> float:
        """The same of a prompt, of whose tokens the last alone asks for the next one."""
        body = (self.active_parameters or self.parameters) - self.head_parameters
        return 2.0 * (body * tokens + self.head_parameters * min(1.0, tokens))


def from_weights(name: str, weights: Weights) -> Card:
    """By a weights file's size and header, with a KV cache of 16 bits. A mixture of experts is
    taken for a dense model of its size: a header does not say which part is active.
    """
    header = weights.header
    parameters = _parameters(header)
    return Card(
        name=name,
        weight_bytes=weights.size_bytes,
        parameters=parameters or (header.tensor_bytes or weights.size_bytes) / WEIGHT_BYTES,
        kv_bytes_per_token=_cache_bytes(header),
        layers=header.layers,
        head_parameters=_head(header) if parameters else 0.0,
    )


def from_row(row: Mapping[str, Any]) -> Card:
    """By a row of a list of models: `name`, `params_b` (1e9), and where known `active_params_b`,
    `bf16_gb` or `bytes`, `kv_bytes_per_token`, `layers`. Raises PlanImpossible.
    """
    name = row.get("name")
    if not isinstance(name, str) or not name:
        raise PlanImpossible(f"a model without a name: expected a `name`, not {name!r}")
    billions = _number(name, row, "params_b")
    size = _number(name, row, "bytes") or _number(name, row, "bf16_gb") * 1e9
    if not billions:
        raise PlanImpossible(f"model {name!r}: `params_b` is missing: its parameters, in 1e9")
    size = size or billions * 1e9 * WEIGHT_BYTES
    active = _number(name, row, "active_params_b")
    if active > billions:
        raise PlanImpossible(f"model {name!r}: `active_params_b` is more than `params_b`")
    part = active / billions if 0 < active < billions else 0.0
    return Card(
        name=name,
        weight_bytes=round(size),
        parameters=billions * 1e9,
        active_bytes=round(size * part),
        active_parameters=active * 1e9 if part else 0.0,
        kv_bytes_per_token=round(_number(name, row, "kv_bytes_per_token")),
        layers=round(_number(name, row, "layers")),
    )


def _parameters(header: Header) -> float:
    """Those that are multiplied for a token: attention, a gated feed-forward, the output's head."""
    key_dim, value_dim = _head_dims(header)
    kv_heads = header.kv_heads or header.heads
    queries = header.embedding_dim * header.heads * (key_dim + value_dim)
    cached = header.embedding_dim * kv_heads * (key_dim + value_dim)
    forward = 3 * header.embedding_dim * header.feed_forward_dim
    return float(header.layers * (queries + cached + forward)) + _head(header)


def _head(header: Header) -> float:
    return float(header.vocabulary * header.embedding_dim)


def _cache_bytes(header: Header) -> int:
    key_dim, value_dim = _head_dims(header)
    return header.layers * (header.kv_heads or header.heads) * (key_dim + value_dim) * CACHE_BYTES


def _head_dims(header: Header) -> tuple[int, int]:
    derived = header.embedding_dim // header.heads if header.heads else 0
    return header.key_dim or derived, header.value_dim or derived


def _number(name: str, row: Mapping[str, Any], key: str) -> float:
    value = row.get(key)
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e18:
        raise PlanImpossible(f"model {name!r}: `{key}` is {value!r}: expected 0 or more")
    return float(value)
