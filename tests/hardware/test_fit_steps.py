import random

import pytest

from coterie.hardware.fit_steps import Pace, Row, fit_steps, is_spread, unit_cost

START = Pace(read=2e9, decode=2e10, token_s=0.002)


def rows(
    truth: Pace, batches: tuple[float, ...], sizes: tuple[float, ...], noise: float = 0.0
) -> list[Row]:
    draw = random.Random(2)
    found = []
    for size in sizes:
        for batch in batches:
            for _ in range(5):
                row = Row(size * 1e9, size * batch * 1e9, batch, 1.0)
                seconds = truth.seconds(row) * draw.gauss(1.0, noise)
                found.append(Row(row.read_bytes, row.operations, batch, seconds))
    return found


def test_bandwidth_operations_and_what_each_step_costs_are_told_apart() -> None:
    truth = Pace(read=4e9, decode=1e10, token_s=0.001)
    found = fit_steps(rows(truth, (1, 2, 4, 8), (1.0, 3.0)), START)
    assert found.pace.read == pytest.approx(truth.read, rel=1e-6)
    assert found.pace.decode == pytest.approx(truth.decode, rel=1e-6)
    assert found.pace.token_s == pytest.approx(truth.token_s, rel=1e-6)
    assert set(found.found) == {"read", "decode", "token"}
    assert found.lacking == {}


def test_with_noise_they_lie_within_what_is_unsure() -> None:
    truth = Pace(read=4e9, decode=1e10, token_s=0.05)
    found = fit_steps(rows(truth, (1, 2, 4, 8), (1.0, 3.0), noise=0.03), START)
    assert abs(found.pace.read / truth.read - 1) < 4 * found.found["read"].error < 0.2
    assert abs(found.pace.decode / truth.decode - 1) < 4 * found.found["decode"].error < 0.2


def test_where_operations_do_not_bind_they_stay_unless_they_would() -> None:
    truth = Pace(read=4e9, decode=1e12, token_s=0.002)
    found = fit_steps(rows(truth, (1, 2), (1.0,)), START)
    assert found.pace.decode == 2e10  # more than the 8e9 that two answers reach
    slow = fit_steps(rows(truth, (1, 2), (1.0,)), Pace(4e9, 1e9, 0.002))
    assert slow.pace.decode == pytest.approx(8e9)
    assert "do not reach it" in slow.lacking["decode"]


def test_where_operations_bind_one_answer_bandwidth_is_not_told() -> None:
    seen = [
        Row(read_bytes, batch * 1e9, batch, float(batch))
        for read_bytes in (1e9, 3e9)
        for batch in (1, 2, 4)
        for _ in range(5)
    ]
    found = fit_steps(seen, Pace(1e12, 5e8, 0.0))
    assert found.pace.decode == pytest.approx(1e9)
    assert found.pace.read == 1e12
    assert set(found.lacking) == {"read"}


def test_experts_of_one_size_do_not_tell_what_each_step_costs() -> None:
    truth = Pace(read=4e9, decode=1e12, token_s=0.002)
    found = fit_steps(rows(truth, (1,), (1.0,)), START)
    assert found.pace.token_s == 0.002
    assert found.pace.read == pytest.approx(4e9)
    assert set(found.lacking) == {"decode", "token"}


def test_what_all_cost_alike_cannot_be_more_than_was_seen() -> None:
    alike_s, unit, alike = unit_cost([(10.0, 1.0)] * 9, alike_s=5.0)
    assert (alike_s, alike) == (0.0, None)
    assert unit.value == pytest.approx(0.1)


def test_spread_is_more_than_a_few_at_the_ends() -> None:
    assert is_spread([1.0] * 10 + [2.0] * 10)
    assert not is_spread([1.0] * 99 + [9.0])
