"""What an expert may ask of llama.cpp: every option, what it takes, and which parameter it sets.

Pure: a table and two readers of it. A field that is not in the table is a problem, never silently
dropped.
"""

import difflib
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from coterie.types import Device, Expert

BATCH = 256
"""Tokens of prompts computed at once. A client's leaving is noticed between two batches, and other
slots wait for one: 256 keeps that under a second on two cores, is as fast as 512 or 2048 there, and
needs half of the compute buffers.
"""
CACHE_TYPES = {
    "f32": 4.0,
    "f16": 2.0,
    "bf16": 2.0,
    "q8_0": 34 / 32,
    "q5_1": 24 / 32,
    "q5_0": 22 / 32,
    "q4_1": 20 / 32,
    "q4_0": 18 / 32,
    "iq4_nl": 18 / 32,
}
"""Bytes of one element of the KV cache: quantised types store blocks of 32 with their scales."""


class Option(Struct, frozen=True):
    """`kind`: int, float, bool, str, lora, or the words it takes. `field`: the parameter of
    CommonParams that it sets.
    """

    doc: str
    kind: str | tuple[str, ...]
    field: str = ""
    enum: str = ""
    least: float = 0


OPTIONS: Mapping[str, Option] = {
    "batch": Option("tokens of prompts handed over at once", "int", "n_batch", least=1),
    "ubatch": Option(
        "tokens computed at once; compute buffers grow with it", "int", "n_ubatch", least=1
    ),
    "threads": Option(
        "threads that generate (default: half of the device's)",
        "int",
        "cpuparams.n_threads",
        least=1,
    ),
    "gpu_layers": Option("layers on the GPU; -1: all", "int", "n_gpu_layers", least=-1),
    "repack": Option(
        "copy weights into a faster layout: quicker prompts, not shared, more memory", "bool"
    ),
    "embedding": Option("serve /v1/embeddings instead of completions", "bool", "embedding"),
    "pooling": Option(
        "how token vectors become one",
        ("none", "mean", "cls", "last", "rank"),
        "pooling_type",
        "llama_pooling_type LLAMA_POOLING_TYPE_",
    ),
    "cache_type_k": Option(
        "type of cached keys", tuple(CACHE_TYPES), "cache_type_k", "ggml_type GGML_TYPE_"
    ),
    "cache_type_v": Option(
        "type of cached values; a quantised one needs flash_attention",
        tuple(CACHE_TYPES),
        "cache_type_v",
        "ggml_type GGML_TYPE_",
    ),
    "flash_attention": Option(
        "attention that does not keep its scores",
        ("auto", "enabled", "disabled"),
        "flash_attn_type",
        "llama_flash_attn_type LLAMA_FLASH_ATTN_TYPE_",
    ),
    "lora": Option("adapters: a list of {path, scale}", "lora", "lora_adapters"),
    "chat_template": Option(
        "a Jinja chat template instead of the file's own", "str", "chat_template"
    ),
    "rope_scaling": Option(
        "how positions beyond the trained context are scaled",
        ("none", "linear", "yarn", "longrope"),
        "rope_scaling_type",
        "llama_rope_scaling_type LLAMA_ROPE_SCALING_TYPE_",
    ),
    "rope_freq_base": Option("RoPE base frequency", "float", "rope_freq_base"),
    "rope_freq_scale": Option("RoPE frequency scale", "float", "rope_freq_scale"),
    "checkpoints": Option(
        "states kept per slot so that sliding-window models reuse prompts that diverge",
        "int",
        "n_ctx_checkpoints",
    ),
    "prompt_cache_mib": Option(
        "host memory for the prompts of slots that were reused", "int", "cache_ram_mib"
    ),
}


def problems(expert: Expert) -> dict[str, str]:
    """What is wrong with an expert's fields, by path. Opens nothing."""
    found: dict[str, str] = {}
    if not expert.weights:
        found["weights"] = (
            "is missing: llamacpp reads a GGUF file; write file://PATH, package://MODULE/FILE or hf://…"
        )
    for name, value in expert.options.items():
        option = OPTIONS.get(name)
        if option is None:
            near = difflib.get_close_matches(name, OPTIONS, 3) or sorted(OPTIONS)
            found[f"options.{name}"] = (
                f"is no option of llamacpp; did you mean {', '.join(map(repr, near))}?"
            )
        elif message := _mismatch(option, value):
            found[f"options.{name}"] = message
    if found:
        return found
    value_type = expert.options.get("cache_type_v", "f16")
    if CACHE_TYPES[value_type] < 2 and expert.options.get("flash_attention") == "disabled":
        found["options.cache_type_v"] = (
            f"{value_type!r} is quantised and needs flash_attention: write auto or enabled"
        )
    if "pooling" in expert.options and not expert.options.get("embedding"):
        found["options.pooling"] = "is only for embeddings: set embedding to true, or remove it"
    return found


def lora(expert: Expert) -> tuple[tuple[str, float], ...]:
    """The adapters' paths and scales."""
    return tuple(
        (item["path"], float(item.get("scale", 1.0))) for item in expert.options.get("lora", ())
    )


def params(expert: Expert, device: Device, cores: int, kv_dir: str = "") -> dict[str, Any]:
    """The parameters of one worker, as JSON: dotted fields of CommonParams to values that the
    worker decodes. `kv_dir`: where its slots may be saved.

    Prompts are computed by all of the device's threads and tokens by half of them: one sequence is
    bound by memory, and threads of several replicas that wait for each other on the same cores cost
    far more than the half gains.
    """
    threads = device.threads or cores
    values: dict[str, Any] = {
        "n_ctx": expert.context * expert.parallel,
        "n_parallel": expert.parallel,
        "n_batch": BATCH,
        "n_ubatch": BATCH,
        "cpuparams.n_threads": (threads + 1) // 2,
        "cpuparams_batch.n_threads": threads,
        # a stream holds a thread; the others are for whoever cancels or looks
        "n_threads_http": expert.parallel + 4,
        "port": 0,
        "hostnames": ["127.0.0.1"],
        "model_alias": {"set": [expert.name]},
        "n_gpu_layers": 0 if device.kind == "cpu" else -1,
        "no_extra_bufts": not expert.options.get("repack", False),
        "fit_params": False,
        "warmup": False,
        "use_jinja": True,
        "ui": False,
        "endpoint_slots": False,
        "verbosity": 1,
        "n_ctx_checkpoints": 0,
        "cache_ram_mib": 0,
        "cache_idle_slots": bool(expert.options.get("prompt_cache_mib", 0)),
    }
    for name, value in expert.options.items():
        option = OPTIONS[name]
        if not option.field:
            continue
        if option.enum:
            kind, _, prefix = option.enum.partition(" ")
            value = {"enum": [kind, prefix + value.upper()]}
        elif option.kind == "lora":
            value = {"lora": [list(item) for item in lora(expert)]}
        values[option.field] = value
    if kv_dir:
        values |= {"endpoint_slots": True, "slot_save_path": f"{kv_dir}/"}
    if expert.options.get("embedding"):
        # a sequence to embed has to fit one batch
        values["n_batch"] = values["n_ubatch"] = max(values["n_ubatch"], expert.context)
    return values


def _mismatch(option: Option, value: Any) -> str:
    match option.kind:
        case tuple() as words:
            return "" if value in words else f"is {value!r}; expected one of {', '.join(words)}"
        case "bool":
            return "" if isinstance(value, bool) else f"is {value!r}; expected true or false"
        case "str":
            return "" if isinstance(value, str) else f"is {value!r}; expected text"
        case "lora":
            return _lora_mismatch(value)
        case kind:
            whole = kind == "int"
            number = "whole number" if whole else "number"
            expected = f"is {value!r}; expected a {number} of at least {option.least:g}"
            if isinstance(value, bool) or not isinstance(value, int | float):
                return expected
            return expected if value < option.least or (whole and value != int(value)) else ""


def _lora_mismatch(value: Any) -> str:
    expected = "expected a list of {path: FILE, scale: NUMBER}"
    if not isinstance(value, list):
        return f"is {value!r}; {expected}"
    for item in value:
        if (
            not isinstance(item, dict)
            or not isinstance(item.get("path"), str)
            or set(item) - {"path", "scale"}
        ):
            return f"has {item!r}; {expected}"
        if not isinstance(item.get("scale", 1.0), int | float):
            return f"has {item!r}; {expected}"
    return ""
