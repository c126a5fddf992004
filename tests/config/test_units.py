import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.config.units import (
    DURATION_PATTERN,
    MAX_BYTES,
    MAX_SECONDS,
    SIZE_PATTERN,
    format_bandwidth,
    format_duration,
    format_operations,
    format_size,
    parse_bandwidth,
    parse_duration,
    parse_operations,
    parse_size,
)

SIZES = {
    "0": 0,
    "4096": 4096,
    "12B": 12,
    "1KiB": 1024,
    "1Ki": 1024,
    "1kB": 1000,
    "1 KB": 1000,
    "480MiB": 480 * 1024**2,
    "1.5GiB": 3 * 1024**3 // 2,
    "500MB": 500_000_000,
    "2TiB": 2 * 1024**4,
    "1PB": 10**15,
    "0.1GB": 100_000_000,
}
DURATIONS = {
    "0": 0.0,
    "30": 30.0,
    "30s": 30.0,
    "250ms": 0.25,
    "1.5h": 5400.0,
    "5m": 300.0,
    "1h30m": 5400.0,
    "1h 30m": 5400.0,
    "2d": 172800.0,
    "1d2h3m4s5ms": 93784.005,
    "365d": float(MAX_SECONDS),
}


@pytest.mark.parametrize(("text", "size"), SIZES.items())
def test_a_size_is_read(text: str, size: int) -> None:
    assert parse_size(text) == size
    assert re.search(SIZE_PATTERN, text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "such as 480MiB"),
        ("-1MiB", "such as 480MiB"),
        ("1e9", "such as 480MiB"),
        ("1.GiB", "such as 480MiB"),
        ("many", "such as 480MiB"),
        ("4G", "write GiB (1024s) or GB (1000s)"),
        ("4gib", "write GiB (1024s) or GB (1000s)"),
        ("4 parsecs", "write PiB"),
        ("4x", "write B, KiB"),
        ("9000000PiB", "more than any memory"),
        ("\N{ARABIC-INDIC DIGIT ONE}MiB", "such as 480MiB"),
        ("9" * 5000, "such as 480MiB"),
    ],
)
def test_a_size_that_is_none_is_refused_with_a_hint(text: str, hint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(hint)) as caught:
        parse_size(text)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(("text", "seconds"), DURATIONS.items())
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)
    assert re.search(DURATION_PATTERN, text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "such as 30s"),
        ("soon", "such as 30s"),
        ("-5s", "such as 30s"),
        ("5 weeks", "expected d or h or m or s or ms after '5'"),
        ("1h30", "expected m or s or ms after '30'"),
        ("30m1h", "expected s or ms after '1'"),
        ("1s1s", "expected ms after '1'"),
        ("1ms1ms", "expected nothing more"),
        ("1 30", "after '1'"),
        ("366d", "more than a year"),
        ("1h,", "such as 30s"),
    ],
)
def test_a_duration_that_is_none_is_refused_with_a_hint(text: str, hint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(hint)):
        parse_duration(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0B"),
        (1023, "1023B"),
        (1024, "1KiB"),
        (480 * 1024**2, "480MiB"),
        (98_362_432, "93.81MiB"),
        (253_113_024, "241.4MiB"),
        (3 * 1024**3 // 2, "1.5GiB"),
        (100 * 1024**3, "100GiB"),
    ],
)
def test_a_size_is_written_for_people(size: int, text: str) -> None:
    assert format_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0s"),
        (0.00042, "0.42ms"),
        (0.0042, "4.2ms"),
        (0.25, "250ms"),
        (1.5, "1.5s"),
        (12.34, "12.3s"),
        (30.0, "30s"),
        (60.0, "1m"),
        (90.0, "1m30s"),
        (3600.0, "1h"),
        (5400.0, "1h30m"),
        (93_600.0, "1d2h"),
    ],
)
def test_a_duration_is_written_for_people(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.integers(0, MAX_BYTES // 2))
def test_a_size_that_was_written_is_read_back(size: int) -> None:
    assert parse_size(format_size(size)) == pytest.approx(size, rel=0.005)


@given(st.integers(0, 1024**3).map(lambda mib: mib * 1024**2 % (1024**3)))
def test_whole_mebibytes_are_read_back_exactly(size: int) -> None:
    assert parse_size(format_size(size)) == size


@given(st.floats(0.001, MAX_SECONDS - 60))
def test_a_duration_that_was_written_is_read_back(seconds: float) -> None:
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, rel=0.01)


@given(st.text(max_size=30))
def test_any_text_is_a_size_or_refused(text: str) -> None:
    assert read(parse_size, text) >= -1


@given(st.text(max_size=30) | st.from_regex(r"([0-9]{1,3}(ms|s|m|h|d)? ?){1,4}", fullmatch=True))
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    assert read(parse_duration, text) >= -1


def read(parse: Callable[[str], float], text: str) -> float:
    """What `parse` gives, or -1 where it refuses as it should."""
    try:
        return parse(text)
    except ValueError:
        return -1


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("1.8TB/s", 1.8e12),
        ("64GB/s", 64e9),
        ("64 GB/s", 64e9),
        ("900MiB/s", 900 * 2**20),
        ("512", 512.0),
        ("512B/s", 512.0),
        ("0GB/s", 0.0),
    ],
)
def test_a_bandwidth_is_read(text: str, rate: float) -> None:
    assert parse_bandwidth(text) == rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("989TFLOP/s", 989e12),
        ("989TFLOPS", 989e12),
        ("5.104PFLOP/s", 5.104e15),
        ("1.5EFLOP/s", 1.5e18),
        ("70 GFLOP/s", 70e9),
        ("12", 12.0),
    ],
)
def test_a_rate_of_operations_is_read(text: str, rate: float) -> None:
    assert parse_operations(text) == rate


@pytest.mark.parametrize(
    "text", ["", "fast", "5GB", "5GBps", "-1GB/s", "1e9", "5GB/h", "5FLOP", "5XFLOPS", "5TFLOPS/s"]
)
def test_a_rate_that_is_none_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(ValueError, match=r"such as 1\.8TB/s"):
        parse_bandwidth(text)
    with pytest.raises(ValueError, match="such as 989TFLOP/s"):
        parse_operations(text)


def test_a_rate_beyond_any_machine_is_refused() -> None:
    for parse in (parse_bandwidth, parse_operations):
        with pytest.raises(ValueError, match="more than any machine"):
            parse("9" * 24 + ("PB/s" if parse is parse_bandwidth else "PFLOP/s"))


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (0.0, "0"),
        (999.0, "999"),
        (64e9, "64G"),
        (999.96e9, "1T"),
        (16.312e12, "16.31T"),
        (12345e15, "12345P"),
    ],
)
def test_a_rate_is_written_for_people(rate: float, text: str) -> None:
    assert format_bandwidth(rate) == f"{text}B/s"
    assert format_operations(rate) == f"{text}FLOP/s"
