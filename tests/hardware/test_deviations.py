import pytest
from msgspec import structs

from coterie.hardware.catalogue import load
from coterie.hardware.costs import kept_cores, load_s, prefill_s, step_s
from coterie.hardware.deviations import KINDS, answer_s, deviations, prompt_s
from coterie.hardware.model import Card
from coterie.hardware.observations import AnswerSeen, LoadSeen, PromptSeen, ReadSeen, Seen
from coterie.hardware.profile import Efficiency, Overheads

CARD = Card("a", 10**9, 5e8)
CPU = structs.replace(
    load("cpu"),
    cores=8,
    efficiency=Efficiency(prefill=0.3, decode=0.1, bandwidth=0.4),
    overheads=Overheads(load=0.5, unload=0.1),
)
GPU = load("h200")


def test_alone_it_is_what_the_model_says() -> None:
    prompt, answer = PromptSeen("a", 100, 1.0), AnswerSeen("a", 10, 50.0, 1.0, batch=2.0)
    assert prompt_s(CPU, CARD, prompt) == pytest.approx(prefill_s(CPU, CARD, 100))
    assert answer_s(CPU, CARD, answer) == pytest.approx(10 * step_s(CPU, CARD, 2, 50.0))


def test_prompts_share_cores_with_other_processes_and_with_their_own() -> None:
    alone = prefill_s(GPU, CARD, 100)
    assert prompt_s(GPU, CARD, PromptSeen("a", 100, 1.0, beside=1.0)) == pytest.approx(2 * alone)
    assert prompt_s(GPU, CARD, PromptSeen("a", 100, 1.0, prompts=1.0)) == pytest.approx(2 * alone)
    assert prompt_s(GPU, CARD, PromptSeen("a", 100, 1.0, answers=1.0)) == pytest.approx(alone)


def test_tokens_are_slower_beside_others_only_where_their_cores_are_taken() -> None:
    alone = 10 * step_s(CPU, CARD, 1, 50.0)
    assert kept_cores(CPU) == 4.0

    def beside(count: float) -> float:
        return answer_s(CPU, CARD, AnswerSeen("a", 10, 50.0, 1.0, beside=count))

    assert beside(1.0) == pytest.approx(alone)
    assert beside(3.0) == pytest.approx(2 * alone)


def test_tokens_stand_still_for_as_long_as_their_replica_computes_prompts() -> None:
    half = AnswerSeen("a", 10, 50.0, 1.0, prompts=0.5)
    always = AnswerSeen("a", 10, 50.0, 1.0, prompts=1.0)
    for profile in (CPU, GPU):
        alone = 10 * step_s(profile, CARD, 1, 50.0)
        assert answer_s(profile, CARD, half) == pytest.approx(2 * alone)
        assert answer_s(profile, CARD, always) == pytest.approx(20 * alone)


def test_each_kind_is_compared_with_what_was_seen() -> None:
    seen = Seen()
    loads_s = load_s(CPU, 10**9)
    seen.loads.add(LoadSeen("a", loads_s / 2, is_again=True))
    seen.loads.add(LoadSeen("a", loads_s))
    seen.loads_beside.add(LoadSeen("a", loads_s, beside=15.0))  # half of a core
    seen.unloads.add(0.2)
    seen.reads.add(ReadSeen(35 * 10**8, 2.0))
    seen.prompts.add(PromptSeen("a", 9, prefill_s(CPU, CARD, 9)))
    seen.prompts.add(PromptSeen("a", 9, prefill_s(CPU, CARD, 9), is_first=True))
    seen.prompts.add(PromptSeen("nobody", 9, 1.0))
    seen.answers.add(AnswerSeen("a", 8, 9.0, 8 * step_s(CPU, CARD, 1, 9.0)))
    seen.answers.add(AnswerSeen("a", 8, 9.0, 8 * step_s(CPU, CARD, 3, 9.0), batch=3.0))
    found = deviations(CPU, {"a": CARD}, seen)
    assert list(found) == [kind for kind in KINDS if "beside" not in kind or "loads" in kind]
    off = {kind: pytest.approx(parts[0], abs=1e-9) for kind, parts in found.items()}
    assert off == {
        "loads": 1.0,
        "first loads": 0.0,
        "loads beside others": 1.0,
        "unloads": -0.5,
        "reads from disk": -0.5,
        "prompts": 0.0,
        "first prompts": 0.0,
        "tokens of one answer": 0.0,
        "tokens of several answers": 0.0,
    }


def test_loads_over_links_share_them_with_other_loads() -> None:
    seen = Seen()
    rate = 64e9 * GPU.efficiency.link
    seen.loads_beside.add(LoadSeen("a", load_s(GPU, 10**9) + 10**9 / rate, beside=1.0))
    found = deviations(GPU, {"a": CARD}, seen)
    assert list(found["loads beside others"]) == pytest.approx([0.0], abs=1e-9)


def test_what_a_profile_cannot_say_is_not_compared() -> None:
    silent = structs.replace(
        CPU, overheads=Overheads(), tiers=structs.replace(CPU.tiers, disk=None)
    )
    seen = Seen()
    seen.loads.add(LoadSeen("a", 1.0))
    seen.unloads.add(1.0)
    seen.reads.add(ReadSeen(10, 1.0))
    assert deviations(silent, {"a": CARD}, seen) == {}
