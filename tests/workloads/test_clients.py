from random import Random
from statistics import fmean, pstdev

import pytest

from coterie.workloads.clients import Client, Counted, Window, mixture
from coterie.workloads.lengths import Fixed
from coterie.workloads.processes import Constant, Gamma


def client(name: str, *windows: tuple[float, int]) -> Client:
    return Client(
        name,
        tuple(
            Window(begin_s, 600, Counted(count, 600, "gamma", 0.1), Fixed(count), Fixed(7))
            for begin_s, count in windows
        ),
        expert=f"expert of {name}",
    )


CLIENTS = [client("x", (0, 30), (600, 300)), client("y", (600, 50))]


@pytest.mark.parametrize("family", ["gamma", "weibull"])
@pytest.mark.parametrize("shape", [0.01, 0.3, 1.0, 50.0])
def test_a_window_has_exactly_as_many_requests_however_they_bunch(
    family: str, shape: float
) -> None:
    counted = Counted(200, 600, "gamma" if family == "gamma" else "weibull", shape)
    found = list(counted.times(Random(2)))
    assert len(found) == 200
    assert found == sorted(found)
    assert 0 <= found[0] <= found[-1] < 600
    assert counted.expected(300) == 100


def test_a_smaller_shape_makes_more_of_a_burst() -> None:
    def unevenness(shape: float) -> float:
        found = list(Counted(3000, 600, "weibull", shape).times(Random(2)))
        counts = [sum(i <= at_s < i + 10 for at_s in found) for i in range(0, 600, 10)]
        return pstdev(counts) / fmean(counts)

    assert unevenness(0.3) > 4 * unevenness(3.0)


def test_clients_are_added_up_in_order_of_time_each_a_tenant() -> None:
    found = list(mixture(CLIENTS, 0, 1200))
    assert [one.at_s for one in found] == sorted(one.at_s for one in found)
    for name, begin_s, count in (("x", 0, 30), ("x", 600, 300), ("y", 600, 50)):
        part = [one for one in found if one.tenant == name and begin_s <= one.at_s < begin_s + 600]
        assert len(part) == count
        assert {(one.prompt_tokens, one.expert) for one in part} == {(count, f"expert of {name}")}


def test_a_window_is_the_same_whoever_else_is_there_and_whatever_is_asked_for() -> None:
    whole = [one for one in mixture(CLIENTS, 0, 1200, seed=3) if one.tenant == "x"]
    part = list(mixture(CLIENTS[:1], 300, 900, seed=3))
    assert part == [one for one in whole if 300 <= one.at_s < 900]
    assert whole != list(mixture(CLIENTS[:1], 0, 1200, seed=4))


def test_a_window_may_have_any_process() -> None:
    windows = (
        Window(0, 10, Constant(2), Fixed(1), Fixed(1)),
        Window(10, 1000, Gamma(5, 2), Fixed(1), Fixed(1)),
    )
    found = list(mixture([Client("x", windows)], 0, 1010))
    assert [one.at_s for one in found[:3]] == [0.0, 0.5, 1.0]
    assert len(found) == pytest.approx(5020, rel=0.1)


def test_a_count_without_a_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 0 or more"):
        Counted(-1, 600, "gamma", 1.0)
    with pytest.raises(ValueError, match="expected 0 or more"):
        Counted(1, 600, "gamma", 0.0)
    assert list(Counted(0, 600, "gamma", 1.0).times(Random(0))) == []
