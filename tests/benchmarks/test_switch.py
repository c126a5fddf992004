import pytest

from benchmarks.switch import rows


def test_the_ratio_is_of_the_medians_to_the_bare_worker() -> None:
    found = rows({"Coterie": [0.2, 0.3, 9.0], "bare worker": [0.4, 0.6, 0.5]})
    assert [row["ratio"] for row in found] == [pytest.approx(0.6), 1.0]
    assert found[0]["median ms"] == 300.0
    assert found[0]["fastest ms"] == 200.0
    assert found[1]["switches"] == 3
