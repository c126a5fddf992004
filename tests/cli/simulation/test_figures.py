"""Every figure that a simulation has is named, and spelt for people."""

import pytest

from coterie.cli.simulation.figures import FIGURES, Unit, absent, number, percent, spelt
from coterie.simulator.metrics import flat, metrics
from tests.simulator.synthetic import Shape, made


def test_the_figures_are_those_that_a_simulation_has() -> None:
    assert list(FIGURES) == list(flat(metrics(*made(Shape(requests=3)))))


def test_each_that_may_have_no_value_says_why() -> None:
    found = flat(metrics(*made(Shape(requests=0))))
    why = {name: absent(name) for name, value in found.items() if value is None}
    assert why["attainment"] == "no request has a latency budget"
    assert why["p95_tpot"] == "no answer had a second token"
    assert why["refused_share"] == "there was no request, or no memory"
    assert why["hit_rate"] == "there was no request"
    assert why["switches_per_hour"] == why["goodput"] == "no time passed"


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        ("seconds", 0.25, "250ms"),
        ("share", 0.5, "50.0 %"),
        ("bytes", 1.5 * 1024**3, "1.5GiB"),
        ("bytes/h", 1024.0**4, "1TiB/h"),
        ("number", 1234567.0, "1,234,567"),
        ("number/s", 3.14159, "3.14/s"),
        ("number/h", 120.0, "120/h"),
        ("seconds", None, "-"),
    ],
)
def test_a_value_is_spelt_with_its_unit(unit: Unit, value: float | None, text: str) -> None:
    assert spelt(unit, value) == text


def test_only_all_of_it_is_a_hundred_percent() -> None:
    shares = (0.0, 1.0, 0.986, 0.9997, 0.0003, 0.999999, 1e-9, 1.25)
    assert [percent(share) for share in shares] == [
        "0 %",
        "100 %",
        "98.6 %",
        "99.97 %",
        "0.03 %",
        ">99.99 %",
        "<0.01 %",
        "125.0 %",
    ]


def test_numbers_have_three_digits() -> None:
    assert [number(one) for one in (0, 0.126, 5.5, 12.34, 123.45, 1234.5)] == [
        "0",
        "0.13",
        "5.50",
        "12.3",
        "123.5",
        "1,234",
    ]
