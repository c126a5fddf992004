"""Sizes, durations and rates as people write them: what is printed for them can be read back."""

import re
from fractions import Fraction

SIZE_PATTERN = r"^[0-9]+(\.[0-9]+)? ?(B|[kKMGTP]B|[KMGTP]iB?)?$"
DURATION_PATTERN = r"^([0-9]+(\.[0-9]+)? ?(ms|s|m|h|d) ?)+$|^[0-9]+(\.[0-9]+)?$"

MAX_BYTES = 2**63 - 1
MAX_SECONDS = 365 * 86400
MAX_RATE = 1e24  # of bytes or operations a second

_BYTES = {"": 1, "B": 1, "kB": 1000, "KB": 1000, "Ki": 1024, "KiB": 1024} | {
    f"{letter}{suffix}": base**power
    for power, letter in enumerate("MGTP", start=2)
    for suffix, base in (("B", 1000), ("i", 1024), ("iB", 1024))
}
_SECONDS = {
    "d": Fraction(86400),
    "h": Fraction(3600),
    "m": Fraction(60),
    "s": Fraction(1),
    "ms": Fraction(1, 1000),
}
_OPERATIONS = {"": 1} | {
    f"{letter}{unit}": 1000**power
    for power, letter in enumerate(("", "k", "M", "G", "T", "P", "E"))
    for unit in ("FLOP/s", "FLOPS")
}
_NUMBER = re.compile(r"([0-9]{1,24}(?:\.[0-9]{1,12})?) ?([A-Za-z]*)", re.ASCII)


def parse_size(text: str) -> int:
    """Bytes: `1.5GiB` and `1.5Gi` count in 1024s, `500MB` in 1000s, `4096` is bytes.

    Raises ValueError, saying what was expected.
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(f"expected a size such as 480MiB, 1.5GiB or 500MB, not {_short(text)}")
    number, unit = match.groups()
    if unit not in _BYTES:
        raise ValueError(f"{_short(text)} has no unit of size; {_size_hint(unit)}")
    size: int = round(Fraction(number) * _BYTES[unit])
    if size > MAX_BYTES:
        raise ValueError(f"{_short(text)} is more than any memory; the most is 8191PiB")
    return size


def parse_duration(text: str) -> float:
    """Seconds: `250ms`, `30s`, `5m`, `1h30m`, `2d`; a bare number is seconds.

    Raises ValueError, saying what was expected.
    """
    rest = text
    if not rest:
        raise ValueError("expected a duration such as 30s, 5m or 1h30m, not ''")
    total = Fraction(0)
    units = list(_SECONDS)
    while rest:
        match = _NUMBER.match(rest)
        if match is None:
            raise ValueError(
                f"expected a duration such as 30s, 250ms, 5m or 1h30m, not {_short(text)}"
            )
        number, unit = match.groups()
        rest = rest[match.end() :].lstrip()
        if not unit and not total and not rest:
            unit = "s"
        if unit not in units:
            raise ValueError(f"{_short(text)}: expected {' or '.join(units)} after {number!r}")
        units = units[units.index(unit) + 1 :] or ["nothing more"]
        total += Fraction(number) * _SECONDS[unit]
    if total > MAX_SECONDS:
        raise ValueError(f"{_short(text)} is more than a year; the most is 365d")
    return float(total)


def parse_bandwidth(text: str) -> float:
    """Bytes a second: `1.8TB/s` and `64GB/s` count in 1000s, `900MiB/s` in 1024s.

    Raises ValueError, saying what was expected.
    """
    match = _NUMBER.fullmatch(text.removesuffix("/s"))
    if match is None or (match[2] and not text.endswith("/s")) or match[2] not in _BYTES:
        raise ValueError(f"expected a bandwidth such as 1.8TB/s or 900MiB/s, not {_short(text)}")
    return _rate(text, Fraction(match[1]) * _BYTES[match[2]])


def parse_operations(text: str) -> float:
    """Floating-point operations a second: `989TFLOP/s`, `5.1PFLOP/s`, or `989TFLOPS`.

    Raises ValueError, saying what was expected.
    """
    match = _NUMBER.fullmatch(text.removesuffix("/s"))
    unit = "" if match is None else match[2] + text[match.end() :]
    if match is None or unit not in _OPERATIONS:
        raise ValueError(f"expected a rate such as 989TFLOP/s or 5.1PFLOP/s, not {_short(text)}")
    return _rate(text, Fraction(match[1]) * _OPERATIONS[unit])


def format_size(size_bytes: int) -> str:
    """For people: `480MiB`, `1.5GiB`, `93.8MiB`: exact below 1 KiB, else four digits or more."""
    size, unit = float(size_bytes), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB", "PiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    if unit == "B":
        return f"{size_bytes}B"
    return f"{_trim(f'{size:.1f}' if size >= 100 else f'{size:.2f}')}{unit}"


def format_duration(seconds: float) -> str:
    """For people: `250ms`, `1.5s`, `12s`, `1m30s`, `1h30m`, `2d4h`."""
    if seconds < 0.9995:
        digits = 0 if seconds >= 0.0995 else 1 if seconds >= 0.00995 else 2
        return f"{_trim(f'{seconds * 1000:.{digits}f}')}ms" if seconds else "0s"
    if seconds < 59.5:
        return f"{_trim(f'{seconds:.2f}' if seconds < 9.995 else f'{seconds:.1f}')}s"
    rest = round(seconds) if seconds < 3600 else round(seconds / 60) * 60
    parts = []
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, length)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


def format_bandwidth(bytes_per_s: float) -> str:
    """For people: `1.8TB/s`, `64GB/s`, in 1000s, to four digits."""
    return f"{_scaled(bytes_per_s)}B/s"


def format_operations(operations_per_s: float) -> str:
    """For people: `989TFLOP/s`, `5.104PFLOP/s`, to four digits."""
    return f"{_scaled(operations_per_s)}FLOP/s"


def _scaled(rate: float) -> str:
    """Four digits and the letter that makes them short."""
    letters = iter(("", "k", "M", "G", "T", "P"))
    letter = next(letters)
    while float(f"{rate:.4g}") >= 1000 and letter != "P":
        rate, letter = rate / 1000, next(letters)
    return f"{rate:.4g}{letter}" if rate < 9999.5 else f"{rate:.0f}{letter}"


def _rate(text: str, rate: Fraction) -> float:
    if rate > MAX_RATE:
        raise ValueError(f"{_short(text)} is more than any machine does")
    return float(rate)


def _trim(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "…")


def _size_hint(unit: str) -> str:
    letter = unit[:1].upper()
    if letter and letter in "KMGTP":
        return f"write {letter}iB (1024s) or {letter}B (1000s)"
    return "write B, KiB, MiB, GiB or TiB (or kB, MB, GB, TB)"
