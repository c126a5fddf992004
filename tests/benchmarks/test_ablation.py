from benchmarks.ablation import cut
from coterie.workloads import Arrival


def test_a_trace_is_cut_into_windows_that_begin_at_nought() -> None:
    trace = [Arrival(at, "a", 5, 5) for at in (0.0, 59.0, 61.0, 200.0)]
    found = cut(trace, windows=4, seconds=60.0)
    assert [[arrival.at_s for arrival in window] for window in found] == [
        [0.0, 59.0],
        [1.0],
        [20.0],
    ]
