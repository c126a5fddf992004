from coterie.hardware.observations import AnswerSeen, Kept, LoadSeen, PromptSeen, Seen


def test_of_too_many_evenly_spaced_ones_are_kept() -> None:
    kept: Kept[int] = Kept(most=8)
    for number in range(100):
        kept.add(number)
    assert list(kept) == list(range(0, 100, 16))
    assert (kept.count, len(kept)) == (100, 7)


def test_of_few_all_are_kept() -> None:
    kept: Kept[str] = Kept(most=3)
    for text in "abc":
        kept.add(text)
    assert list(kept) == ["a", "b", "c"]


def test_alone_is_who_has_the_machine_but_for_moments() -> None:
    assert PromptSeen("a", 9, 1.0, beside=0.05).is_alone
    assert not PromptSeen("a", 9, 1.0, answers=0.5).is_alone
    assert AnswerSeen("a", 9, 9.0, 1.0, batch=3.0).is_alone
    assert not AnswerSeen("a", 9, 9.0, 1.0, prompts=0.2).is_alone
    assert not LoadSeen("a", 1.0, beside=1.0).is_alone


def test_experts_are_those_of_whom_anything_was_seen() -> None:
    seen = Seen()
    seen.loads.add(LoadSeen("b", 1.0))
    seen.answers_beside.add(AnswerSeen("a", 9, 9.0, 1.0))
    assert seen.experts() == ("a", "b")
