"""How many bytes one llama.cpp worker takes, from the header of its weights alone.

It is the peak: what the worker holds after prompts that fill a batch, not just after loading. The
structure follows llama.cpp (what is allocated, by which dimensions); the four constants at the top
were measured on worker processes, see `docs/benchmarks.md`.
"""

from msgspec import Struct

from coterie.engines.llamacpp import options
from coterie.types import Expert, Footprint, Header, Part

PROCESS_BYTES = 41 << 19
"""A forked worker before it knows a model: its copied pages, thread stacks and arenas, HTTP
buffers.
"""
METADATA_FACTOR = 6.5
"""Tokens and merges become maps and strings: bytes in memory for each byte of the file that is not
tensors.
"""
SLOT_BYTES_PER_TOKEN = 20
"""Each slot keeps, for every token of the vocabulary, its logit (4), a candidate (12) and a copy to
sort (4).
"""
RUNTIME_BYTES = 29 << 20
"""The template, once on a device: interpreter, xllamacpp, and the pages that its workers share.

25 to 29 MiB, as the interpreter was built: the upper end.
"""

RUNTIME_DIGEST = "runtime:llamacpp"
_PAD = 256
_WINDOW_PERIOD = {
    "gemma2": 2,
    "gemma3": 6,
    "gemma3n": 5,
    "cohere2": 4,
    "gpt-oss": 2,
    "llama4": 4,
    "exaone4": 4,
}
"""Models whose attention looks back over a window do so in all but one of so many layers."""


class Sizes(Struct, frozen=True):
    """The terms of the estimate, in bytes."""

    weights: int
    cache: int
    compute: int
    slots: int
    tokenizer: int
    process: int

    @property
    def private(self) -> int:
        return self.cache + self.compute + self.slots + self.tokenizer + self.process


def estimate(
    header: Header, size_bytes: int, expert: Expert, digest: str = "", adapters_bytes: int = 0
) -> Footprint:
    """The footprint of one replica of `expert`: the weights, what is its own, and the template that
    all share.
    """
    terms = sizes(header, size_bytes, expert)
    return Footprint(
        hot=(
            Part(digest or f"weights:{expert.name}", terms.weights),
            Part(private_digest(expert), terms.private + adapters_bytes),
            Part(RUNTIME_DIGEST, RUNTIME_BYTES),
        )
    )


def private_digest(expert: Expert) -> str:
    return f"private:{expert.name}"


def sizes(header: Header, size_bytes: int, expert: Expert) -> Sizes:
    """Each term for itself."""
    weights = header.tensor_bytes or size_bytes
    tokenizer = (
        int((size_bytes - weights) * METADATA_FACTOR)
        if header.tensor_bytes
        else 200 * header.vocabulary
    )
    repacked = weights if expert.options.get("repack") else 0
    prompts = int(expert.options.get("prompt_cache_mib", 0)) << 20
    return Sizes(
        weights=weights,
        cache=_cache(header, expert) + prompts,
        compute=_compute(header, expert) + repacked,
        slots=expert.parallel * header.vocabulary * SLOT_BYTES_PER_TOKEN,
        tokenizer=tokenizer,
        process=PROCESS_BYTES,
    )


def _cache(header: Header, expert: Expert) -> int:
    """Keys and values of every cell of every layer; windowed layers keep their window and one
    batch.
    """
    kv_heads = header.kv_heads or header.heads
    key_dim, value_dim = _head_dims(header)
    per_cell = int(
        kv_heads * key_dim * options.CACHE_TYPES[expert.options.get("cache_type_k", "f16")]
        + kv_heads * value_dim * options.CACHE_TYPES[expert.options.get("cache_type_v", "f16")]
    )
    windowed = _windowed_layers(header)
    cells = _padded(expert.context)
    window = _window_cells(header, expert)
    checkpoints = (
        int(expert.options.get("checkpoints", 0)) * windowed * min(header.sliding_window, cells)
    )
    per_slot = (header.layers - windowed) * cells + windowed * window + checkpoints
    return expert.parallel * per_slot * per_cell


def _compute(header: Header, expert: Expert) -> int:
    """The graph's buffer for one full batch: activations, attention masks, and attention scores
    where they are kept.
    """
    ubatch = _ubatch(expert)
    cells = _padded(expert.context)
    activations = ubatch * 4 * (5 * header.embedding_dim + 3 * header.feed_forward_dim)
    masks = (
        ubatch * 2 * (cells + (_window_cells(header, expert) if _windowed_layers(header) else 0))
    )
    scores = (
        ubatch * 4 * header.heads * cells
        if expert.options.get("flash_attention") == "disabled"
        else 0
    )
    return activations + masks + scores


def _ubatch(expert: Expert) -> int:
    asked = int(expert.options.get("ubatch", options.BATCH))
    if expert.options.get("embedding"):
        return max(asked, expert.context)
    return min(asked, _padded(expert.context * expert.parallel))


def _windowed_layers(header: Header) -> int:
    period = _WINDOW_PERIOD.get(header.architecture, 0)
    if not header.sliding_window or not period:
        return 0  # an unknown pattern is taken for none: an upper bound
    return header.layers - header.layers // period


def _window_cells(header: Header, expert: Expert) -> int:
    return min(_padded(expert.context), _padded(header.sliding_window + _ubatch(expert)))


def _head_dims(header: Header) -> tuple[int, int]:
    derived = header.embedding_dim // header.heads if header.heads else 0
    return header.key_dim or derived, header.value_dim or derived


def _padded(cells: int) -> int:
    return -(-cells // _PAD) * _PAD
