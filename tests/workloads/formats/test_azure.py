from pathlib import Path

import pytest

from coterie.errors import TraceInvalid
from coterie.workloads.formats.format import TraceOptions
from coterie.workloads.requests import Arrival
from coterie.workloads.traces import Trace

HEAD = "TIMESTAMP,ContextTokens,GeneratedTokens\r\n"
ONE = TraceOptions(experts=("base",))


def written(folder: Path, *rows: str) -> Trace:
    (folder / "t.csv").write_text(HEAD + "\r\n".join(rows))
    return Trace(folder / "t.csv", ONE)


def test_moments_count_from_the_first(tmp_path: Path) -> None:
    trace = written(
        tmp_path, "2023-11-16 18:15:46.5000000,374,44", "2023-11-16 18:15:50.7500000,396,109"
    )
    assert list(trace) == [Arrival(0.0, "base", 374, 44), Arrival(4.25, "base", 396, 109)]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("2023-11-16 18:15:40,1,1", "line 3: 6.5 s earlier than the line before"),
        ("2023-11-16 18:15:47+00:00,1,1", "line 3: 'TIMESTAMP' is with an offset .* at .*line 2"),
        ("soon,1,1", "line 3: 'TIMESTAMP' is 'soon', expected a time"),
        ("2023-11-16 18:15:47,x,1", "line 3: 'ContextTokens' is 'x'"),
        ("2023-11-16 18:15:47,1", "line 3: 'GeneratedTokens' is None"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, row: str, told: str) -> None:
    with pytest.raises(TraceInvalid, match=told):
        list(written(tmp_path, "2023-11-16 18:15:46.5000000,374,44", row))
