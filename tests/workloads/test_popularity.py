from random import Random

import pytest

from coterie.workloads.popularity import EVEN, Weighted, Zipf, chooser, fitted_zipf, shares


def test_shares_are_parts_of_one_in_the_order_of_the_experts() -> None:
    assert shares(EVEN, 4) == [0.25] * 4
    assert shares(Zipf(1.0), 3) == pytest.approx([6 / 11, 3 / 11, 2 / 11])
    assert shares(Weighted((3, 1)), 2) == [0.75, 0.25]


def test_a_number_falls_to_each_expert_as_often_as_its_share() -> None:
    choose = chooser(("a", "b", "c"), Weighted((1, 0, 3)))
    assert [choose(number) for number in (0.0, 0.2499, 0.25, 0.9999999)] == ["a", "a", "c", "c"]


@pytest.mark.parametrize("exponent", [0.0, 0.7, 1.1, 2.0])
def test_the_exponent_that_made_counts_is_found_again(exponent: float) -> None:
    draw, choose = Random(4), chooser(tuple(map(str, range(40))), Zipf(exponent))
    counts: dict[str, int] = {}
    for _ in range(40_000):
        name = choose(draw.random())
        counts[name] = counts.get(name, 0) + 1
    assert fitted_zipf(list(counts.values())) == pytest.approx(exponent, abs=0.06)


def test_one_expert_has_no_exponent() -> None:
    assert fitted_zipf([7]) == 0.0
    assert fitted_zipf([]) == 0.0


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Zipf(-1), "expected 0 to 20"),
        (lambda: Zipf(float("nan")), "expected 0 to 20"),
        (lambda: Weighted((0.0, 0.0)), "numbers above 0"),
        (lambda: Weighted((1.0, -2.0)), "numbers above 0"),
        (lambda: shares(Weighted((1.0,)), 2), "1 weights for 2 experts"),
        (lambda: shares(EVEN, 0), "no experts to choose from"),
    ],
)
def test_what_is_no_popularity_is_refused(make: object, told: str) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=told):
        make()
