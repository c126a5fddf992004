"""The estimate follows the allocations of llama.cpp; real models are measured in `test_engine`."""

from typing import Any

import pytest

from coterie.engines.llamacpp.estimate import estimate, sizes
from coterie.types import Expert, Header, Part

MIB = 1 << 20
SMOLLM2 = Header(
    "gguf",
    architecture="llama",
    layers=30,
    heads=9,
    kv_heads=3,
    key_dim=64,
    value_dim=64,
    embedding_dim=576,
    feed_forward_dim=1536,
    vocabulary=49152,
    context=8192,
    tensor_bytes=96_576_768,
)
SMOLLM2_BYTES = 98_362_432
GEMMA3 = Header(
    "gguf",
    architecture="gemma3",
    layers=18,
    heads=4,
    kv_heads=1,
    key_dim=256,
    value_dim=256,
    embedding_dim=640,
    feed_forward_dim=2048,
    vocabulary=262144,
    context=32768,
    sliding_window=512,
    tensor_bytes=246_587_904,
)
GEMMA3_BYTES = 253_113_024


def expert(context: int, parallel: int, **options: Any) -> Expert:
    return Expert("e", weights="file://e", context=context, parallel=parallel, options=options)


@pytest.mark.parametrize(
    ("header", "context", "parallel", "ubatch", "cache_mib"),
    [  # what llama.cpp itself logs as the sizes of its KV buffers
        (SMOLLM2, 512, 1, 512, 11.25),
        (SMOLLM2, 2048, 2, 512, 90.0),
        (SMOLLM2, 2048, 4, 512, 180.0),
        (GEMMA3, 512, 1, 512, 1.5 + 7.5),
        (GEMMA3, 2048, 2, 512, 12.0 + 30.0),
    ],
)
def test_the_cache_is_what_is_allocated(
    header: Header, context: int, parallel: int, ubatch: int, cache_mib: float
) -> None:
    terms = sizes(header, header.tensor_bytes, expert(context, parallel, ubatch=ubatch))
    assert terms.cache == cache_mib * MIB


@pytest.mark.parametrize(
    ("header", "context", "compute_mib"),
    [  # likewise, of its compute buffers
        (SMOLLM2, 512, 15.14),
        (SMOLLM2, 2048, 16.64),
        (GEMMA3, 512, 19.28),
        (GEMMA3, 2048, 21.28),
    ],
)
def test_the_buffers_are_what_is_reserved(header: Header, context: int, compute_mib: float) -> None:
    terms = sizes(header, header.tensor_bytes, expert(context, 1, ubatch=512))
    assert terms.compute / MIB == pytest.approx(compute_mib, rel=0.02)


@pytest.mark.parametrize(
    ("header", "size_bytes", "context", "parallel", "private_mib"),
    [  # measured on forked workers after prompts that fill their batches, ubatch 256
        (SMOLLM2, SMOLLM2_BYTES, 512, 1, 52.2),
        (SMOLLM2, SMOLLM2_BYTES, 2048, 2, 132.3),
        (SMOLLM2, SMOLLM2_BYTES, 4096, 4, 404.9),
        (GEMMA3, GEMMA3_BYTES, 512, 1, 83.9),
        (GEMMA3, GEMMA3_BYTES, 2048, 4, 154.0),
        (GEMMA3, GEMMA3_BYTES, 4096, 4, 180.1),
    ],
)
def test_the_whole_is_near_what_was_measured(
    header: Header, size_bytes: int, context: int, parallel: int, private_mib: float
) -> None:
    found = estimate(header, size_bytes, expert(context, parallel)).hot
    measured = header.tensor_bytes + private_mib * MIB
    assert found[0].size_bytes + found[1].size_bytes == pytest.approx(measured, rel=0.03)


def test_parts_are_the_weights_the_replicas_own_and_the_runtime() -> None:
    found = estimate(SMOLLM2, SMOLLM2_BYTES, expert(512, 1), "sha256:x", adapters_bytes=100)
    bare = estimate(SMOLLM2, SMOLLM2_BYTES, expert(512, 1), "sha256:x")
    assert found.hot[0] == Part("sha256:x", SMOLLM2.tensor_bytes)
    assert [part.digest for part in found.hot[1:]] == ["private:e", "runtime:llamacpp"]
    assert found.hot_bytes - bare.hot_bytes == 100


@pytest.mark.parametrize(
    "options",
    [
        {"repack": True},
        {"ubatch": 512},
        {"prompt_cache_mib": 10},
        {"cache_type_k": "f32"},
        {"flash_attention": "disabled"},
        {"embedding": True},
    ],
)
def test_options_that_take_memory_count(options: dict[str, Any]) -> None:
    plain = sizes(SMOLLM2, SMOLLM2_BYTES, expert(2048, 2)).private
    assert sizes(SMOLLM2, SMOLLM2_BYTES, expert(2048, 2, **options)).private > plain


def test_a_quantised_cache_is_smaller() -> None:
    plain = sizes(SMOLLM2, SMOLLM2_BYTES, expert(2048, 1)).cache
    small = sizes(
        SMOLLM2, SMOLLM2_BYTES, expert(2048, 1, cache_type_k="q8_0", cache_type_v="q8_0")
    ).cache
    assert small == plain * 34 // 64


def test_checkpoints_of_a_sliding_window_count() -> None:
    plain = sizes(GEMMA3, GEMMA3_BYTES, expert(2048, 2)).cache
    kept = sizes(GEMMA3, GEMMA3_BYTES, expert(2048, 2, checkpoints=3)).cache
    assert kept - plain == 2 * 3 * 15 * 512 * 1024


def test_a_window_of_unknown_pattern_is_taken_for_none() -> None:
    unknown = Header("gguf", architecture="x", layers=2, heads=1, key_dim=1, value_dim=1)
    windowed = Header(
        "gguf", architecture="x", layers=2, heads=1, key_dim=1, value_dim=1, sliding_window=16
    )
    of = expert(4096, 1)
    assert sizes(windowed, 100, of).cache == sizes(unknown, 100, of).cache == 2 * 4096 * 4


def test_a_header_that_says_nothing_still_gives_the_file_and_the_process() -> None:
    found = estimate(Header("gguf"), 1000, expert(512, 1))
    assert found.hot[0].size_bytes == 1000
    assert found.hot[1].size_bytes > 0
