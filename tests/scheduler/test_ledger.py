"""Shared parts count once, at their largest, whatever comes and goes."""

from hypothesis import given
from hypothesis import strategies as st

from coterie.scheduler.ledger import Ledger, Place, host_of
from coterie.types import Part

parts = st.lists(
    st.builds(Part, st.sampled_from("abc"), st.integers(1, 9)),
    max_size=3,
    unique_by=lambda part: part.digest,
).map(tuple)


def naive(holders: list[tuple[Part, ...]]) -> int:
    sizes: dict[str, int] = {}
    for held in holders:
        for part in held:
            sizes[part.digest] = max(sizes.get(part.digest, 0), part.size_bytes)
    return sum(sizes.values())


@given(st.lists(parts, min_size=1, max_size=8), st.data())
def test_used_need_and_frees_agree_with_counting_anew(
    holders: list[tuple[Part, ...]], data: st.DataObject
) -> None:
    place = Place(budget_bytes=100)
    for index, held in enumerate(holders):
        need = naive(holders[: index + 1]) - naive(holders[:index])
        assert place.need(held) == need
        place.hold(held)
        place.check()
    assert place.used_bytes == naive(holders)
    leaving = data.draw(st.lists(st.sampled_from(range(len(holders))), unique=True))
    staying = [held for index, held in enumerate(holders) if index not in leaving]
    freed = place.frees([holders[index] for index in leaving])
    assert freed == naive(holders) - naive(staying)
    for index in leaving:
        place.release(holders[index])
    place.check()
    assert place.free_bytes() == 100 - naive(staying)


def test_a_place_without_a_budget_is_never_full() -> None:
    place = Place(budget_bytes=0)
    place.hold((Part("a", 1 << 50),))
    assert place.free_bytes() > 1 << 50


def test_a_place_opened_again_keeps_what_it_holds() -> None:
    ledger = Ledger()
    ledger.open(host_of("n"), 10)
    ledger["n:host"].hold((Part("a", 4),))
    ledger.open("n:host", 20)
    assert ledger["n:host"].free_bytes() == 16
    ledger.close("n:host")
    assert "n:host" not in ledger
