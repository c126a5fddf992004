from coterie.router.seen import KEPT, share_seen, sketch

PROMPTS = [f"prompt {i}" for i in range(5000)]


def test_the_very_prompts_are_all_known_again() -> None:
    assert share_seen(sketch(PROMPTS), PROMPTS) == 1.0
    assert share_seen(sketch(PROMPTS[:9]), PROMPTS[:9]) == 1.0


def test_others_are_not() -> None:
    assert share_seen(sketch(PROMPTS[:4000]), PROMPTS[4000:]) == 0.0
    assert share_seen(sketch(PROMPTS[:9]), PROMPTS[9:]) == 0.0


def test_a_part_is_told_about_from_a_sketch_of_the_whole() -> None:
    fitted = sketch(PROMPTS[:4000])
    assert len(fitted["seen"]) == KEPT
    assert 0.4 < share_seen(fitted, PROMPTS[3000:]) < 0.6


def test_what_does_not_say_tells_nothing() -> None:
    assert share_seen({}, PROMPTS) == 0.0
    assert share_seen({"seen": "x"}, PROMPTS) == 0.0
    assert share_seen(sketch(PROMPTS), []) == 0.0


def test_half_of_a_character_is_a_prompt_too() -> None:
    assert share_seen(sketch(["\ud800"]), ["\ud800"]) == 1.0
