"""Whether a router was fitted to the very prompts that it is measured on.

A router's file keeps the `KEPT` smallest hashes of its prompts (bottom-k sketch: Broder, 1997). Of
other prompts, those whose hash is not greater than the greatest of these are a fair sample, and of
each it is known whether it was there.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

KEPT = 512
BYTES = 6
KEY = "seen"


def sketch(prompts: Iterable[str]) -> dict[str, Any]:
    """What a router's file says of the prompts that it was fitted to."""
    hashes = sorted({_hash(prompt) for prompt in prompts})
    return {KEY: hashes[:KEPT], "distinct": len(hashes)}


def share_seen(fitted: dict[str, Any], prompts: Sequence[str]) -> float:
    """About which share of prompts a router was fitted to; 0 where its file does not say."""
    kept = fitted.get(KEY)
    if not isinstance(kept, list) or not kept:
        return 0.0
    hashes = [_hash(prompt) for prompt in prompts]
    if fitted.get("distinct", 0) > len(kept):
        hashes = [one for one in hashes if one <= kept[-1]]
    there = set(kept)
    return sum(one in there for one in hashes) / len(hashes) if hashes else 0.0


def _hash(prompt: str) -> str:
    return blake2b(prompt.encode("utf-8", "replace"), digest_size=BYTES).hexdigest()
