"""What an expert costs on a machine: bytes over bandwidth or operations over compute, whichever
takes longer, and overheads.

This is the roofline model (Williams, Waterman and Patterson, "Roofline: an insightful visual
performance model for multicore architectures", 2009): prompts are bound by compute, output tokens
by the bandwidth at which weights and KV caches are read, until enough of them are made at once
(Pope et al., "Efficiently scaling transformer inference", 2022). Seconds, bytes, tokens.
"""

from math import inf
from typing import Literal

from coterie.errors import ProfileInvalid
from coterie.hardware.figures import Figures
from coterie.hardware.model import Card
from coterie.hardware.profile import Profile
from coterie.types import Part

FAST = 1e12  # tokens a second, where more of them cost nothing


def load_s(profile: Profile, size_bytes: int, source: Literal["host", "disk"] = "host") -> float:
    """Until so many bytes of weights are in hot memory. From disk they are read into host memory
    first, and copied then. Raises ProfileInvalid where the profile has no disk.
    """
    read_s = 0.0
    if source == "disk":
        if profile.tiers.disk is None:
            raise ProfileInvalid(
                f"profile {profile.name!r} has no disk, so nothing can be said of loads from it: "
                "add `tiers.disk` to a copy of it (`coterie profile show NAME --yaml`)"
            )
        read_s = size_bytes / profile.tiers.disk.bandwidth
    latency_s = profile.links.latency if profile.links else 0.0
    return read_s + latency_s + size_bytes / link_rate(profile) + profile.overheads.load


def link_rate(profile: Profile) -> float:
    """Bytes a second from host memory to hot memory, over all links together; infinite where they
    are the same.
    """
    if profile.links is None:
        return inf
    links = profile.links.count * profile.links.bandwidth * profile.efficiency.link
    return min(links, profile.tiers.host.bandwidth)


def prefill_s(profile: Profile, card: Card, tokens: int) -> float:
    """From a prompt of so many tokens to the first token of its answer."""
    computed_s = card.prompt_operations(tokens) / (profile.compute * profile.efficiency.prefill)
    read_s = card.bytes_read(tokens) / _read_rate(profile)
    return max(computed_s, read_s) + profile.overheads.first_token


def step_s(profile: Profile, card: Card, batch: float = 1, context: float = 0.0) -> float:
    """Of one further token for each of `batch` answers, whose prompts and answers so far have
    `context` tokens each.
    """
    computed_s = card.operations(batch) / (profile.compute * profile.efficiency.decode)
    cached = batch * context * card.kv_bytes_per_token
    read_s = (card.bytes_read(batch) + cached) / _read_rate(profile)
    return max(computed_s, read_s) + profile.overheads.token


def answer_s(
    profile: Profile, card: Card, prompt_tokens: int, output_tokens: int, batch: int = 1
) -> float:
    """Of a whole request alone, or of the output of several that go on side by side: the prompt,
    whose end is the first token, and a step for each of the others at their mean context.
    """
    steps = max(0, output_tokens - 1)
    context = prompt_tokens + (steps + 1) / 2
    return prefill_s(profile, card, prompt_tokens) + steps * step_s(profile, card, batch, context)


def throughput(profile: Profile, card: Card, batch: int = 1, context: float = 0.0) -> float:
    """Output tokens a second, of so many answers at once together."""
    return batch / step_s(profile, card, batch, context)


def batch_share(profile: Profile, card: Card, batch: int, context: float = 0.0) -> float:
    """The part of a step that does not grow with the number of answers: 1 where weights are all
    that is read, 0 where each answer takes as long as one alone. By the line from one answer to
    `batch` of them.
    """
    most = max(2, batch)
    alone = step_s(profile, card, 1, context)
    growth = (step_s(profile, card, most, context) - alone) / (most - 1)
    return min(1.0, max(0.0, 1.0 - growth / alone))


def figures(profile: Profile, card: Card, *, context: int, slots: int) -> Figures:
    """For the simulator, in straight lines. `context`: tokens of a slot, prompt and answer; steps
    are those at half of it.

    A prompt's line goes through one of a single token and one that fills the context: between them
    it is above the roofline, by at most what reading the weights once takes. On a CPU a prompt uses
    all cores, a load one, and output tokens as many as they keep from others: half of them, or the
    part of the memory's bandwidth that they take, if that is more.
    """
    cores = float(profile.cores or 1)
    shortest, longest = prefill_s(profile, card, 1), prefill_s(profile, card, max(2, context))
    token_s = (longest - shortest) / (max(2, context) - 1)
    kept = kept_cores(profile)
    load = profile.overheads.load + (profile.links.latency if profile.links else 0.0)
    return Figures(
        parts=parts(card, context, slots),
        prompt_pace=1.0 / (token_s * cores) if token_s * cores * FAST > 1.0 else FAST,
        output_pace=1.0 / (step_s(profile, card, 1, context / 2) * kept),
        load_work=load if profile.cores else 0.0,
        threads=cores,
        output_threads=kept,
        load_bytes=card.weight_bytes,
        load_wait_s=0.0 if profile.cores else load,
        unload_s=profile.overheads.unload,
        first_work=(shortest - token_s) * cores,
        batch_share=batch_share(profile, card, slots, context / 2),
    )


def kept_cores(profile: Profile) -> float:
    """Cores that output tokens of one replica keep from others: half of them, or the part of the
    memory's bandwidth that they take, if that is more. An accelerator is one core.
    """
    cores = float(profile.cores)
    return max(-(-cores // 2), cores * profile.efficiency.bandwidth) if cores else 1.0


def parts(card: Card, context: int, slots: int) -> tuple[Part, ...]:
    """What a replica takes of hot memory: its weights, and the KV caches of its slots."""
    cache = context * slots * card.kv_bytes_per_token
    weights = Part(f"weights:{card.name}", card.weight_bytes)
    return (weights, Part(f"cache:{card.name}", cache)) if cache else (weights,)


def _read_rate(profile: Profile) -> float:
    return profile.tiers.hot.bandwidth * profile.efficiency.bandwidth
