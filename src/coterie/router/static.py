"""The static embedder: the mean of a text's token vectors (WordLlama, `l2_supercat_256`)."""

from collections.abc import Sequence
from hashlib import sha256

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from coterie.router.embedders import Embedder, Floats, Integers, packaged, unit

INSTALL = "pip install 'coterie[routing]'"
WEIGHTS = "weights/l2_supercat_256.safetensors"
TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"


class Static:
    """Token vectors, averaged. They are held in single precision (33 MB), in which NumPy is four
    times as fast as in the half precision that they are stored in.
    """

    name = "static"

    def __init__(self, tokenizer: Tokenizer, vectors: Floats, digest: str) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer = tokenizer
        self._vectors = vectors
        self.digest = digest
        self.dimensions = int(vectors.shape[1])

    def embed(self, texts: Sequence[str]) -> Floats:
        return self.read(texts)[1]

    def read(self, texts: Sequence[str]) -> tuple[list[Integers], Floats]:
        found = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        tokens = [np.array(one.ids, dtype=np.int64) for one in found]
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, ids in zip(vectors, tokens, strict=True):
            if len(ids):
                row[:] = self._vectors[ids].mean(axis=0)
        return tokens, unit(vectors)


def create() -> Embedder:
    """Raises RouterInvalid where the weights are not installed."""
    weights = packaged("wordllama", WEIGHTS, INSTALL)
    tokenizer = packaged("wordllama", TOKENIZER, INSTALL)
    digest = sha256(weights.read_bytes() + tokenizer.read_bytes()).hexdigest()
    vectors = load_file(weights)["embedding.weight"].astype(np.float32)
    return Static(Tokenizer.from_file(str(tokenizer)), vectors, f"static:{digest}")
