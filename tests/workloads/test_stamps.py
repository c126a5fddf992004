from typing import Any

import pytest

from coterie.errors import TraceInvalid
from coterie.workloads.stamps import Stamps

NOON = 1777896000.0


@pytest.mark.parametrize(
    "value",
    [
        "2026-05-04T12:00:00Z",
        "2026-05-04 14:00:00.000000+02:00",
        "2026-05-04T12:00:00.0000000+00:00",
        "2026-05-04T12:00:00",
        1777896000,
        1777896000.0,
        "1777896000",
        1777896000_000,
        "1777896000000",
        1777896000_000_000,
        1777896000_000_000_000,
    ],
)
def test_a_moment_may_be_written_in_many_ways(value: Any) -> None:
    assert Stamps().seconds(value, "ts", "here") == NOON


def test_parts_of_a_second_are_kept() -> None:
    assert Stamps().seconds("2026-05-04T12:00:00.6805900", "ts", "here") == pytest.approx(
        NOON + 0.68059, abs=1e-6
    )
    assert Stamps().seconds(1777896000_250, "ts", "here") == NOON + 0.25


@pytest.mark.parametrize(
    "value", ["yesterday", "", None, {}, True, -5, "nan", float("inf"), "2026-13-40T00:00:00Z"]
)
def test_what_is_no_moment_is_told(value: Any) -> None:
    with pytest.raises(TraceInvalid, match=r"here: 'ts' is .*, expected a time such as"):
        Stamps().seconds(value, "ts", "here")


def test_a_time_of_nobody_is_told() -> None:
    with pytest.raises(TraceInvalid, match="expected a time after 1970"):
        Stamps().seconds("0001-01-01T00:00:00Z", "ts", "here")


def test_stamps_with_and_without_an_offset_are_not_mixed() -> None:
    stamps = Stamps()
    stamps.seconds("2026-05-04T12:00:00Z", "ts", "line 3")
    stamps.seconds("2026-05-04T12:00:00+05:30", "ts", "line 4")
    with pytest.raises(
        TraceInvalid, match="line 9: 'ts' is without an offset from UTC, but with one at line 3"
    ):
        stamps.seconds("2026-05-04T12:00:00", "ts", "line 9")
    stamps = Stamps()
    stamps.seconds("2026-05-04T12:00:00", "ts", "line 2")
    with pytest.raises(TraceInvalid, match="is with an offset from UTC, but without one at line 2"):
        stamps.seconds(1777896000, "ts", "line 5")
