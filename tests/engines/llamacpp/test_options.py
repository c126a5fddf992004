"""Options of llama.cpp: what is wrong with them, and what they set."""

from typing import Any

import pytest

from coterie.engines.llamacpp import options
from coterie.types import Device, Expert

CPU = Device("cpu", hot=1)


def expert(**fields: Any) -> Expert:
    return Expert("e", weights="file://e", context=1000, parallel=3, options=fields)


@pytest.mark.parametrize(
    ("fields", "path", "message"),
    [
        ({"ubtach": 1}, "options.ubtach", "did you mean 'ubatch'"),
        ({"ubatch": 0}, "options.ubatch", "whole number of at least 1"),
        ({"ubatch": 1.5}, "options.ubatch", "whole number of at least 1"),
        ({"ubatch": True}, "options.ubatch", "number of at least 1"),
        ({"rope_freq_base": "x"}, "options.rope_freq_base", "number of at least 0"),
        ({"embedding": 1}, "options.embedding", "expected true or false"),
        ({"chat_template": 1}, "options.chat_template", "expected text"),
        ({"cache_type_k": "q3"}, "options.cache_type_k", "expected one of f32, f16"),
        ({"lora": "x"}, "options.lora", "expected a list"),
        ({"lora": [{"scale": 1}]}, "options.lora", "expected a list"),
        ({"lora": [{"path": "x", "scale": "y"}]}, "options.lora", "expected a list"),
        ({"pooling": "mean"}, "options.pooling", "set embedding to true"),
        (
            {"cache_type_v": "q8_0", "flash_attention": "disabled"},
            "options.cache_type_v",
            "needs flash_attention",
        ),
    ],
)
def test_a_problem_has_its_path(fields: dict[str, Any], path: str, message: str) -> None:
    found = options.problems(expert(**fields))
    assert list(found) == [path]
    assert message in found[path]


def test_all_problems_are_found_at_once() -> None:
    found = options.problems(Expert("e", options={"x": 1, "ubatch": 0}))
    assert list(found) == ["weights", "options.x", "options.ubatch"]


def test_every_option_has_a_value_that_is_no_problem() -> None:
    good: dict[str, Any] = {
        "int": 1,
        "float": 1.0,
        "bool": True,
        "str": "x",
        "lora": [{"path": "a", "scale": 0.5}, {"path": "b"}],
    }
    fields: dict[str, Any] = {
        name: good[option.kind] if isinstance(option.kind, str) else option.kind[0]
        for name, option in options.OPTIONS.items()
    }
    assert options.problems(expert(**fields)) == {}
    values = options.params(expert(**fields), CPU, 2)
    assert [option.field for option in options.OPTIONS.values() if option.field not in values] == [
        ""  # repack is turned round: no_extra_bufts
    ]


def test_the_context_is_for_each_slot() -> None:
    values = options.params(expert(), CPU, 2)
    assert (values["n_ctx"], values["n_parallel"]) == (3000, 3)
    assert values["n_threads_http"] > 3


def test_host_memory_beyond_the_budget_is_off() -> None:
    values = options.params(expert(), CPU, 2)
    assert (values["cache_ram_mib"], values["n_ctx_checkpoints"]) == (0, 0)
    assert values["no_extra_bufts"] is True
    assert values["fit_params"] is values["warmup"] is False


@pytest.mark.parametrize(
    ("device_threads", "cores", "generating", "prompts"),
    [(0, 2, 1, 2), (0, 1, 1, 1), (0, 7, 4, 7), (3, 8, 2, 3)],
)
def test_prompts_take_all_threads_and_tokens_half(
    device_threads: int, cores: int, generating: int, prompts: int
) -> None:
    values = options.params(expert(), Device("d", hot=1, threads=device_threads), cores)
    threads = (values["cpuparams.n_threads"], values["cpuparams_batch.n_threads"])
    assert threads == (generating, prompts)


def test_an_option_wins_over_the_device() -> None:
    assert options.params(expert(threads=2), CPU, 2)["cpuparams.n_threads"] == 2


@pytest.mark.parametrize(("kind", "layers"), [("cpu", 0), ("cuda", -1)])
def test_all_layers_go_to_a_gpu_where_there_is_one(kind: str, layers: int) -> None:
    assert options.params(expert(), Device("d", hot=1, kind=kind), 2)["n_gpu_layers"] == layers


def test_words_and_adapters_are_encoded_for_the_worker() -> None:
    fields: dict[str, Any] = {"cache_type_k": "q8_0", "lora": [{"path": "a"}], "repack": True}
    values = options.params(expert(**fields), CPU, 2)
    assert values["cache_type_k"] == {"enum": ["ggml_type", "GGML_TYPE_Q8_0"]}
    assert values["lora_adapters"] == {"lora": [["a", 1.0]]}
    assert values["no_extra_bufts"] is False


def test_a_text_to_embed_fits_one_batch() -> None:
    values = options.params(expert(embedding=True), CPU, 2)
    assert values["n_batch"] == values["n_ubatch"] == 1000
