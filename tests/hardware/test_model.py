from typing import Any

import pytest

from coterie.errors import PlanImpossible
from coterie.hardware.model import Card, from_row, from_weights
from coterie.types import Header, Weights

SMOLLM2 = Header(
    "gguf",
    layers=30,
    heads=9,
    kv_heads=3,
    embedding_dim=576,
    feed_forward_dim=1536,
    vocabulary=49152,
    tensor_bytes=96_000_000,
)
LLAMA2 = Header(
    "gguf", layers=32, heads=32, embedding_dim=4096, feed_forward_dim=11008, vocabulary=32000
)


def weights(header: Header, size_bytes: int = 98_362_432) -> Weights:
    return Weights("x.gguf", "sha256:x", size_bytes, header)


def test_a_header_gives_parameters_and_cache() -> None:
    card = from_weights("smollm2", weights(SMOLLM2))
    assert card.weight_bytes == 98_362_432
    assert card.parameters == pytest.approx(134.5e6, rel=0.01)
    assert card.kv_bytes_per_token == 2 * 30 * 3 * 64 * 2
    assert card.layers == 30


def test_every_head_has_keys_of_its_own_where_nothing_else_is_said() -> None:
    card = from_weights("llama2", weights(LLAMA2))
    assert card.kv_bytes_per_token == 2 * 32 * 4096 * 2
    assert card.parameters == pytest.approx(6.6e9, rel=0.01)  # 6.74 with the table of embeddings


def test_a_header_that_says_nothing_is_taken_for_weights_of_16_bits() -> None:
    assert from_weights("x", weights(Header("safetensors"), 1000)).parameters == 500
    assert from_weights("x", weights(Header("gguf", tensor_bytes=800), 1000)).parameters == 400


def test_a_row_of_a_list_is_a_card() -> None:
    row = {"name": "a", "params_b": 7.6, "active_params_b": 7.6, "kind": "chat", "bf16_gb": 15.2}
    assert from_row(row) == Card("a", 15_200_000_000, 7.6e9)
    assert from_row({"name": "a", "params_b": 2}) == Card("a", 4_000_000_000, 2e9)


def test_a_row_may_be_of_a_mixture() -> None:
    card = from_row({"name": "a", "params_b": 40, "active_params_b": 10, "bytes": 100, "layers": 3})
    assert card == Card("a", 100, 4e10, active_bytes=25, active_parameters=1e10, layers=3)
    assert card.bytes_read(1) == pytest.approx(25)
    assert card.bytes_read(2) == pytest.approx(100 * (1 - 0.75**2))
    assert card.bytes_read(10_000) == pytest.approx(100)
    assert card.operations(3) == 6e10


def test_a_dense_model_is_read_whole() -> None:
    card = Card("a", 100, 50)
    assert card.bytes_read(1) == card.bytes_read(64) == 100
    assert card.operations(2) == 200


def test_a_prompt_asks_the_outputs_head_once() -> None:
    card = from_weights("smollm2", weights(SMOLLM2))
    head = 49152 * 576
    assert card.head_parameters == head
    body = card.parameters - head
    assert card.prompt_operations(1) == pytest.approx(card.operations(1))
    assert card.prompt_operations(100) == pytest.approx(200 * body + 2 * head)
    assert Card("a", 100, 50).prompt_operations(2) == 200
    assert from_weights("x", weights(Header("gguf"), 1000)).head_parameters == 0


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"params_b": 7}, "expected a `name`"),
        ({"name": ""}, "expected a `name`"),
        ({"name": "a"}, "`params_b` is missing"),
        ({"name": "a", "params_b": None, "bf16_gb": None}, "`params_b` is missing"),
        ({"name": "a", "params_b": -1}, "`params_b` is -1: expected 0 or more"),
        ({"name": "a", "params_b": float("nan")}, "expected 0 or more"),
        ({"name": "a", "params_b": "7"}, "expected 0 or more"),
        ({"name": "a", "params_b": True}, "expected 0 or more"),
        ({"name": "a", "params_b": 7, "active_params_b": 8}, "is more than `params_b`"),
    ],
)
def test_a_row_that_is_wrong_is_refused(row: dict[str, Any], told: str) -> None:
    with pytest.raises(PlanImpossible, match="model") as error:
        from_row(row)
    assert told in str(error.value)
