"""The embedder without weights: hashed words."""

from coterie.router.embedders import Embedder
from coterie.router.words import PLACES, Words, create


def test_words_need_no_file() -> None:
    made = create()
    assert isinstance(made, Words)
    assert made.dimensions == PLACES
    assert made.embed(["one"]).any()


def test_case_and_marks_are_nothing(words: Embedder) -> None:
    plain, loud, other = words.embed(["fix the bug", "FIX -- the 'Bug'!", "fix the sink"])
    assert (plain == loud).all()
    assert plain @ other < 0.9


def test_neighbours_count_for_half_of_what_words_do(words: Embedder) -> None:
    one, turned, fewer = words.embed(["red blue green", "green blue red", "red blue"])
    assert 0.5 < one @ turned < 0.99
    assert 0.5 < one @ fewer < 0.99


def test_a_word_often_said_does_not_drown_the_others(words: Embedder) -> None:
    soup, much, nothing = words.embed(["tomato soup", "tomato " * 50 + "soup", "tomato"])
    assert soup @ much > 0.3
    assert much @ soup < nothing @ words.embed(["tomato"])[0]


def test_half_a_character_is_no_word(words: Embedder) -> None:
    tokens, vectors = words.read(["bread \ud800 law", "bread law"])
    assert tokens[0].tolist() == tokens[1].tolist()
    assert (vectors[0] == vectors[1]).all()


def test_words_that_share_a_place_cancel_out_as_often_as_not(words: Embedder) -> None:
    text = " ".join(f"word{i}" for i in range(2000))
    vector = words.embed([text])[0]
    assert 0.4 < (vector > 0).sum() / (vector != 0).sum() < 0.6


def test_words_of_any_script_are_words(words: Embedder) -> None:
    tokens, _ = words.read(["почему небо синее", "لماذا السماء زرقاء", "!?… — 🙂"])
    assert [len(one) for one in tokens] == [3, 3, 0]
