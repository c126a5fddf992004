from coterie.registry.gguf import parse
from coterie.testing.gguf import Q8_0, Tensor, TinyModel, gguf_bytes, tiny_gguf


def test_a_tiny_model_is_a_real_header_in_a_few_kilobytes() -> None:
    content = tiny_gguf()
    assert len(content) < 4096
    found = parse("tiny", content, len(content))
    assert (found.layers, found.heads, found.kv_heads, found.embedding_dim) == (2, 4, 2, 64)


def test_models_that_differ_have_other_bytes() -> None:
    assert tiny_gguf() == tiny_gguf()
    assert tiny_gguf(TinyModel(name="other")) != tiny_gguf()


def test_a_tensor_takes_the_bytes_of_its_blocks() -> None:
    assert Tensor("t", (64, 2), Q8_0).size_bytes == 4 * 34
    assert Tensor("t", (3,)).size_bytes == 12


def test_data_are_padded_to_the_alignment() -> None:
    content = gguf_bytes({"general.architecture": "x"}, [Tensor("a", (3,)), Tensor("b", (3,))])
    assert len(content) % 32 == 0
    assert parse("x", content, len(content)).tensor_bytes == 24
