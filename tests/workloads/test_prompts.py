from coterie.workloads.prompts import WORDS, prompt


def test_a_prompt_has_a_word_a_token() -> None:
    assert [len(prompt(0, tokens).split()) for tokens in (1, 7, 900)] == [1, 7, 900]


def test_the_same_request_has_the_same_prompt_on_every_run() -> None:
    assert prompt(5, 30, seed=2) == prompt(5, 30, seed=2)
    # Written out: a change here would make results of different versions incomparable.
    assert prompt(0, 4) == " ".join(prompt(0, 400).split()[:4])


def test_no_two_requests_share_a_prompt() -> None:
    prompts = [prompt(index, 12) for index in range(2000)]
    assert len(set(prompts)) == 2000
    assert prompt(0, 12, seed=1) not in prompts


def test_beginnings_differ_so_that_no_cache_helps() -> None:
    beginnings = [" ".join(prompt(index, 20).split()[:3]) for index in range(500)]
    assert len(set(beginnings)) > 490


def test_words_are_plain() -> None:
    assert all(word.isalpha() and word.islower() for word in WORDS)
    assert len(set(WORDS)) == len(WORDS)
