"""Options that several commands have."""

import pytest
import typer

from coterie.cli.simulation.options import check_policies, hot_of, usage
from coterie.errors import BadRequest, TraceInvalid


def test_memory_is_read_as_people_write_it() -> None:
    assert hot_of(None) is None
    assert hot_of("1.5GiB") == 3 << 29
    for text in ("much", "0", "-1"):
        with pytest.raises(BadRequest, match="`--hot` is"):
            hot_of(text)


def test_policies_are_there_and_once_each() -> None:
    check_policies(["cost", "lru"])
    with pytest.raises(BadRequest, match="no policy 'best'; known: cost, lru"):
        check_policies(["cost", "best"])
    with pytest.raises(BadRequest, match="'lru' is given twice"):
        check_policies(["lru", "lru"])


def test_wrong_usage_is_told_with_exit_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended, usage():
        raise BadRequest("`--rate` is 0", "rate")
    assert ended.value.exit_code == 2
    assert capsys.readouterr().err == "coterie: `--rate` is 0\n"


def test_other_errors_pass() -> None:
    with pytest.raises(TraceInvalid), usage():
        raise TraceInvalid("line 2")
