"""Waiting in line, beside the exact formulas of one server and of two."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.planner.recomposition.queueing import KNOTS, pieces, steepness, waiting

SERVERS = st.floats(0.1, 64)
UTILISATIONS = st.floats(0, 3)


@pytest.mark.parametrize("knot", KNOTS)
def test_one_server_is_exact_at_the_knots(knot: float) -> None:
    assert waiting(pieces(1), knot) == pytest.approx(knot**2 / (1 - knot))


@pytest.mark.parametrize("knot", KNOTS[2:])
def test_two_servers_are_near_what_erlang_says(knot: float) -> None:
    assert waiting(pieces(2), knot) == pytest.approx(2 * knot**3 / (1 - knot**2), rel=0.1)


def test_overload_goes_on_as_steeply_as_it_began() -> None:
    curve = pieces(1)
    begun = 0.95**2 / 0.05
    assert steepness(curve, 1.0) == pytest.approx(399)  # of u^2 / (1 - u) at 0.95
    assert waiting(curve, 1.95) == pytest.approx(begun + 399)


def test_at_a_knot_a_little_more_costs_what_the_next_piece_does() -> None:
    curve = pieces(1)
    assert steepness(curve, 0.0) == pytest.approx(0.3 / 0.7)
    assert steepness(curve, 0.3) == pytest.approx((0.5 - 0.09 / 0.7) / 0.2)


@given(SERVERS, UTILISATIONS)
def test_the_curve_is_the_highest_of_its_pieces(servers: float, utilisation: float) -> None:
    curve = pieces(servers)
    highest = max(piece.slope * utilisation + piece.at_zero for piece in curve)
    assert waiting(curve, utilisation) == pytest.approx(highest, abs=1e-9)
    assert all(one.slope <= next_.slope for one, next_ in pairwise(curve))


@given(SERVERS, st.floats(0, 0.95))
def test_chords_lie_above_the_curve(servers: float, utilisation: float) -> None:
    exact = utilisation ** (2 * (servers + 1)) ** 0.5 / (1 - utilisation)
    assert waiting(pieces(servers), utilisation) >= exact - 1e-9


@given(UTILISATIONS)
def test_of_more_servers_fewer_wait(utilisation: float) -> None:
    assert waiting(pieces(4), min(utilisation, 0.95)) <= waiting(pieces(2), min(utilisation, 0.95))
