"""The static embedder: the mean of token vectors."""

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from coterie.router.embedders import Embedder, Floats, packaged
from coterie.router.static import INSTALL, TOKENIZER, WEIGHTS, Static


def reference(text: str) -> Floats:
    tokenizer = Tokenizer.from_file(str(packaged("wordllama", TOKENIZER, INSTALL)))
    vectors = load_file(packaged("wordllama", WEIGHTS, INSTALL))["embedding.weight"]
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    mean = np.mean([vectors[one].astype(np.float64) for one in ids], axis=0)
    found: Floats = mean / np.sqrt((mean**2).sum())
    return found


def test_a_vector_is_the_mean_of_those_of_its_tokens(static: Embedder) -> None:
    texts = ["how do I bake bread?", "def f(x):\n    return x ** 2", "為什麼天空是藍色的"]
    for text, vector in zip(texts, static.embed(texts), strict=True):
        np.testing.assert_allclose(vector, reference(text), atol=1e-5)


def test_the_order_of_tokens_is_in_tokens_alone(static: Embedder) -> None:
    tokens, vectors = static.read(["dog bites man", "man bites dog"])
    assert tokens[0].tolist() != tokens[1].tolist()
    assert sorted(vectors[0] @ vector for vector in vectors)[0] > 0.8


def test_a_text_is_read_to_its_end(static: Embedder) -> None:
    tokens, vectors = static.read(["bread " * 2000 + "court " * 2000, "bread court"])
    assert len(tokens[0]) >= 4000
    assert vectors[0] @ vectors[1] > 0.99


def test_the_tokenizer_pads_nothing_and_cuts_nothing() -> None:
    tokenizer = Tokenizer.from_file(str(packaged("wordllama", TOKENIZER, INSTALL)))
    tokenizer.enable_padding(length=64)
    tokenizer.enable_truncation(2)
    vectors = np.eye(tokenizer.get_vocab_size(), 8, dtype=np.float32)
    tokens, _ = Static(tokenizer, vectors, "x").read(["one two three four", "five"])
    assert len(tokens[0]) >= 4
    assert len(tokens[1]) < 4
