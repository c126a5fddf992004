"""The least that will do is found in few looks; where more is not always better, in all of them."""

from hypothesis import given
from hypothesis import strategies as st

from coterie.cli.whatif.bisect import Least, least


def found(met: list[bool]) -> tuple[Least, list[int]]:
    """What comes of a row, and where was looked."""
    search = least(len(met))
    looks: list[int] = []
    asked = next(search)
    while True:
        assert asked, "a question without a place"
        looks += asked
        try:
            asked = search.send({place: met[place] for place in asked})
        except StopIteration as end:
            answer: Least = end.value
            return answer, looks


@given(st.integers(1, 300), st.integers(0, 300))
def test_where_more_is_never_worse_the_least_is_found(count: int, first: int) -> None:
    met = [place >= first for place in range(count)]
    answer, looks = found(met)
    assert answer == Least(first if first < count else None, True)
    assert len(looks) == len(set(looks)) <= 6 + count.bit_length()


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_what_is_found_will_do_and_its_neighbour_will_not(met: list[bool]) -> None:
    answer, looks = found(met)
    if answer.index is None:
        assert not any(met[place] for place in looks)
        return
    assert met[answer.index]
    assert answer.index == 0 or not met[answer.index - 1]
    if not answer.is_monotone:
        assert answer.index == met.index(True)
        assert sorted(looks) == list(range(len(met)))


def test_a_bend_beside_what_is_found_is_seen() -> None:
    met = [False, True, False, True, True, True, True, True]
    assert found(met)[0] == Least(1, False)


def test_of_a_hundred_few_are_looked_at() -> None:
    _, looks = found([place >= 37 for place in range(100)])
    assert len(looks) <= 12
