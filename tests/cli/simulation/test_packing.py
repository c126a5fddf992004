"""Addresses at which stays are drawn."""

from random import Random

from coterie.cli.simulation.packing import packed
from coterie.simulator.outcome import FOREVER, Residence


def stay(expert: str, size_bytes: int, from_s: float, gone_s: float = FOREVER) -> Residence:
    return Residence(expert, "n/a", size_bytes, from_s, from_s, gone_s, gone_s)


def test_each_takes_the_smallest_gap_into_which_it_fits() -> None:
    stays = [
        stay("a", 4, 0, 5),
        stay("b", 2, 0),
        stay("c", 2, 0, 5),
        stay("d", 2, 0),
        stay("e", 2, 6),
    ]
    assert packed(stays, 10) == [[(0, 4)], [(4, 6)], [(6, 8)], [(8, 10)], [(6, 8)]]


def test_one_that_returns_takes_its_old_place() -> None:
    stays = [stay("a", 4, 0, 5), stay("b", 4, 0, 5), stay("b", 4, 6)]
    assert packed(stays, 10)[2] == [(4, 8)]


def test_one_that_fits_nowhere_whole_lies_in_pieces() -> None:
    stays = [stay("a", 3, 0, 5), stay("b", 4, 0), stay("c", 3, 0, 5), stay("d", 6, 5)]
    assert packed(stays, 10)[3] == [(0, 3), (7, 10)]


def test_more_than_there_is_lies_above() -> None:
    assert packed([stay("a", 6, 0), stay("b", 6, 0)], 10) == [[(0, 6)], [(6, 10), (10, 12)]]
    assert packed([stay("a", 6, 0)], 0) == [[(0, 6)]]
    assert packed([stay("a", 0, 0)], 10) == [[]]


def test_no_two_share_an_address_at_a_time_and_all_fit() -> None:
    draw = Random(3)
    stays: list[Residence] = []
    for _ in range(300):
        from_s = draw.uniform(0, 100)
        one = stay(
            f"e{draw.randrange(9)}", draw.randint(1, 30), from_s, from_s + draw.uniform(0, 9)
        )
        held = sum(
            other.size_bytes
            for other in stays
            if other.from_s < one.gone_s and one.from_s < other.gone_s
        )
        if held + one.size_bytes <= 100:
            stays.append(one)
    found = packed(stays, 100)
    assert len(stays) > 50
    for number, one in enumerate(stays):
        assert sum(to - begin for begin, to in found[number]) == one.size_bytes
        assert all(0 <= begin < to <= 100 for begin, to in found[number])
        for other in range(number):
            if stays[other].from_s < one.gone_s and one.from_s < stays[other].gone_s:
                assert not any(
                    mine[0] < theirs[1] and theirs[0] < mine[1]
                    for mine in found[number]
                    for theirs in found[other]
                )
