"""A journal of a real server as a trace, and what requests may come to in one."""

from pathlib import Path

import pytest

from coterie.cli.trace import journal as module
from coterie.cli.trace.journal import JournalTrace, arrivals_of
from coterie.errors import JournalUnusable, TraceInvalid
from coterie.scheduler import Refuse
from coterie.scheduler import events as on
from coterie.scheduler.replay import Entry
from coterie.workloads.formats.format import TraceOptions
from coterie.workloads.requests import Arrival


def came(at: float, name: str, **said: object) -> on.Arrived:
    return on.Arrived(at, name, "base", **said)  # type: ignore[arg-type]  # by name


def read(*entries: Entry) -> tuple[list[Arrival], dict[str, int]]:
    remarks: dict[str, int] = {}
    return list(arrivals_of(entries, remarks)), remarks


def test_requests_of_a_server_come_in_order_with_what_they_took(recorded: Path) -> None:
    trace = JournalTrace(recorded, TraceOptions())
    found = list(trace)
    assert [one.expert for one in found] == ["mynah", "parrot", "mynah"]
    assert found[0].at_s == 0
    assert trace.read_bytes == trace.size_bytes > 0
    assert trace.format == "journal"
    (segment,) = recorded.iterdir()
    assert list(JournalTrace(segment, TraceOptions())) == found
    options = TraceOptions(experts=("parrot",))
    with pytest.raises(TraceInvalid, match="request 1: expert 'mynah' is none of 'parrot'"):
        list(JournalTrace(recorded, options))


def test_a_request_is_as_long_as_it_turned_out_to_be() -> None:
    found, remarks = read(
        came(5.0, "one", tenant="shop", priority="batch", output_tokens=999),
        came(6.0, "two", prompt_bytes=150 + 60, output_tokens=70),
        on.Finished(8.0, "two"),
        on.Finished(9.0, "one", prompt_tokens=30, output_tokens=12),
    )
    assert found == [
        Arrival(5.0, "base", 30, 12, "shop", priority="batch"),
        Arrival(6.0, "base", 10, 70),
    ]
    assert remarks == {}


def test_a_refused_request_is_demand_and_one_that_was_given_up_is_not() -> None:
    found, remarks = read(
        came(1.0, "refused", prompt_bytes=750, output_tokens=40),
        Refuse("refused", "queue_full", "", 1.0),
        came(2.0, "left"),
        on.Cancelled(3.0, "left"),
        came(4.0, "broken"),
        on.Finished(5.0, "broken", ok=False),
        came(6.0, "runs still"),
    )
    assert found == [Arrival(1.0, "base", 100, 40)]
    assert remarks == {"requests that failed, or whose client left": 2, module.NO_END: 1}


def test_another_attempt_is_the_same_request() -> None:
    found, remarks = read(
        came(1.0, "other"),
        came(2.0, "one"),
        on.Finished(3.0, "one", ok=False),
        came(4.0, "one", attempt=1),
        on.Finished(5.0, "other", output_tokens=1),
        on.Finished(6.0, "one", output_tokens=9),
    )
    assert [(one.at_s, one.output_tokens) for one in found] == [(1.0, 1), (2.0, 9)]
    assert remarks == {}


def test_one_without_an_end_does_not_hold_all_others_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_OPEN", 3)
    entries: list[Entry] = [came(0.0, "lost")]
    for i in range(1, 9):
        entries += [came(i, f"r{i}"), on.Finished(i + 0.5, f"r{i}", output_tokens=1)]
    remarks: dict[str, int] = {}
    arrivals = arrivals_of(iter(entries), remarks)
    assert next(arrivals).at_s == 1.0
    assert remarks == {module.NO_END: 1}
    assert len(list(arrivals)) == 7


def test_what_is_no_journal_is_told(tmp_path: Path) -> None:
    with pytest.raises(JournalUnusable, match="holds no journal segment"):
        list(JournalTrace(tmp_path, TraceOptions()))
    with pytest.raises(JournalUnusable, match="gone' cannot be read"):
        list(JournalTrace(tmp_path / "gone", TraceOptions()))
    (tmp_path / "0000000001.jsonl").write_text('{"type":"Sneezed"}\n')
    with pytest.raises(JournalUnusable, match="line 1"):
        list(JournalTrace(tmp_path, TraceOptions()))
