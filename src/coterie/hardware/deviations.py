"""How far the cost model is off what was seen, by kind; also of what was not alone on its machine.

What computes at the same time shares a machine as the simulator has it, by averages: processes
alike, and of a process prompts alike, for which its answers stand still, and then those, but for
what they have in common.
"""

from collections.abc import Iterator, Mapping

from coterie.hardware.costs import kept_cores, link_rate, load_s, prefill_s, step_s
from coterie.hardware.model import Card
from coterie.hardware.observations import QUIET, AnswerSeen, LoadSeen, PromptSeen, Seen
from coterie.hardware.profile import Profile

MOST_STILL = 0.95
"""Of its time that an answer is taken to stand still, at most."""

KINDS = (
    "loads",
    "first loads",
    "loads beside others",
    "unloads",
    "reads from disk",
    "prompts",
    "first prompts",
    "prompts beside others",
    "tokens of one answer",
    "tokens of several answers",
    "tokens beside others",
)


def deviations(
    profile: Profile, cards: Mapping[str, Card], seen: Seen
) -> dict[str, tuple[float, ...]]:
    """What the model says over what was seen, less 1, by kind in the order of KINDS. A kind of
    which nothing was seen, or of which the profile cannot say anything, is left out.
    """
    found: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for kind, said_s, took_s in _all(profile, cards, seen):
        found[kind].append(said_s / took_s - 1.0)
    return {kind: tuple(parts) for kind, parts in found.items() if parts}


def prompt_s(profile: Profile, card: Card, one: PromptSeen) -> float:
    """As long as it takes alone, so many times as its share of its process and its machine is
    smaller.
    """
    cores = float(profile.cores or 1)
    share = _share(profile, one.beside, cores)
    return prefill_s(profile, card, one.tokens) * (1.0 + one.prompts) * cores / share


def answer_s(profile: Profile, card: Card, one: AnswerSeen) -> float:
    """The steps of an answer, likewise, and the time in which its replica computed prompts."""
    kept = kept_cores(profile)
    together = _load(profile, card, one.batch, one.context)
    given = _share(profile, one.beside, float(profile.cores or 1))
    part = min(MOST_STILL, one.prompts)  # of the time
    rate = (1.0 - part) * min(kept, given) / together
    alone_s = step_s(profile, card, 1, one.context)
    return one.steps * alone_s * kept / rate


def _all(
    profile: Profile, cards: Mapping[str, Card], seen: Seen
) -> Iterator[tuple[str, float, float]]:
    """Kind, seconds as the model says, and as they were."""
    for load in (*seen.loads, *seen.loads_beside):
        if card := cards.get(load.expert):
            said_s = _loaded_s(profile, card, load)
            if said_s:
                yield _kind_of_load(load), said_s, load.seconds
    if profile.overheads.unload:
        for took_s in seen.unloads:
            yield "unloads", profile.overheads.unload, took_s
    disk = profile.tiers.disk
    for read in seen.reads if disk else ():
        assert disk is not None
        yield "reads from disk", read.read_bytes / disk.bandwidth, read.seconds
    for prompt in (*seen.prompts, *seen.prompts_beside):
        if card := cards.get(prompt.expert):
            yield _kind_of_prompt(prompt), prompt_s(profile, card, prompt), prompt.seconds
    for answer in (*seen.answers, *seen.answers_beside):
        if card := cards.get(answer.expert):
            yield _kind_of_answer(answer), answer_s(profile, card, answer), answer.seconds


def _kind_of_load(one: LoadSeen) -> str:
    if not one.is_alone:
        return "loads beside others"
    return "loads" if one.is_again else "first loads"


def _kind_of_prompt(one: PromptSeen) -> str:
    if not one.is_alone:
        return "prompts beside others"
    return "first prompts" if one.is_first else "prompts"


def _kind_of_answer(one: AnswerSeen) -> str:
    if not one.is_alone:
        return "tokens beside others"
    return "tokens of one answer" if one.batch <= 1.0 + QUIET else "tokens of several answers"


def _loaded_s(profile: Profile, card: Card, one: LoadSeen) -> float:
    """A load takes one core of a CPU, or shares the links with other loads."""
    alone_s = load_s(profile, card.weight_bytes)
    if profile.cores:
        made_ready_s = profile.overheads.load
        return alone_s - made_ready_s + made_ready_s / _share(profile, one.beside, 1.0)
    return alone_s + card.weight_bytes / link_rate(profile) * one.beside


def _load(profile: Profile, card: Card, batch: float, context: float) -> float:
    """How many times the work of one answer so many are, for what they have in common."""
    return step_s(profile, card, batch, context) / step_s(profile, card, 1, context)


def _share(profile: Profile, beside: float, widest: float) -> float:
    """Cores of a process that can use so many, among others that use what they are given."""
    return min(widest, float(profile.cores or 1) / (1.0 + beside))
