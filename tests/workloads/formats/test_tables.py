from pathlib import Path

import pytest

from coterie.errors import TraceInvalid
from coterie.workloads.formats.tables import rows_of
from coterie.workloads.lines import opened


def test_rows_come_with_their_columns_and_blank_lines_do_not(tmp_path: Path) -> None:
    (tmp_path / "t").write_text('\na, b\n\n1,"2,\n3"\n')
    with opened(tmp_path / "t") as lines:
        columns, rows = rows_of(lines, ["a", "b"])
        assert (columns, list(rows)) == (["a", "b"], [["1", "2,\n3"]])


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("a,b\n")
    with (
        opened(tmp_path / "t") as lines,
        pytest.raises(TraceInvalid, match="line 1: no column 'c'"),
    ):
        rows_of(lines, ["c"])


def test_a_quotation_without_an_end_is_told(tmp_path: Path) -> None:
    (tmp_path / "t").write_text('a\n"' + "x" * 200_000)
    with opened(tmp_path / "t") as lines:
        _, rows = rows_of(lines, ["a"])
        with pytest.raises(TraceInvalid, match=r"line 2: not CSV: .* is a quotation mark missing"):
            list(rows)
