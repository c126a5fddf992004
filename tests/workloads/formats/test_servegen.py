from pathlib import Path

import pytest

from coterie.errors import TraceInvalid
from coterie.workloads.formats.format import TraceOptions
from coterie.workloads.traces import Trace

RATES = """client,window_start_s,rate_rps,cv,arrival,p1,p2
7,600,0.1,2.0,Gamma,0.25,1.0
7,0,0.5,2.0,Gamma,0.25,1.0
9,0,1.0,4.0,Weibull,0.4,1.0
4,600,0.05,1.0,Gamma,1.0,1.0
"""
LENGTHS = """client,window_start_s,field,p1,p50,p99,mean
7,0,input_tokens,10,10,10,10
7,600,input_tokens,20,20,20,20
7,0,output_tokens,5,5,5,5
9,0,input_tokens,100,100,100,100
9,0,output_tokens,50,50,50,50
"""


def pool(folder: Path, rates: str = RATES, lengths: str = LENGTHS, **options: object) -> Trace:
    (folder / "m_rates.csv").write_text(rates)
    (folder / "m_length_quantiles.csv").write_text(lengths)
    return Trace(folder / "m_rates.csv", TraceOptions(experts=("a",), **options))  # type: ignore[arg-type]  # by name


def test_each_window_has_the_requests_of_its_rate_with_its_lengths(tmp_path: Path) -> None:
    trace = pool(tmp_path)
    found = list(trace)
    counts: dict[tuple[str, int, int, int], int] = {}
    for one in found:
        key = one.tenant, int(one.at_s // 600), one.prompt_tokens, one.output_tokens
        counts[key] = counts.get(key, 0) + 1
    assert counts == {
        ("c7", 0, 10, 5): 300,
        ("c7", 1, 20, 5): 60,
        ("c9", 0, 100, 50): 600,
        ("c4", 1, 20, 28): 30,  # the pool's medians: of 10, 20 and 100; of 5 and 50
    }
    assert trace.remarks == {"clients with the pool's lengths, having none of their own": 1}
    assert trace.format == "servegen"
    assert found == list(trace)


def test_a_part_of_the_time_is_the_same_as_in_the_whole(tmp_path: Path) -> None:
    whole = [one for one in pool(tmp_path, seed=4) if 300 <= one.at_s < 700]
    part = list(pool(tmp_path, seed=4, begin_s=300.0, end_s=700.0))
    assert [one.at_s + 300 for one in part] == pytest.approx([one.at_s for one in whole])
    assert whole != [one for one in pool(tmp_path, seed=5) if 300 <= one.at_s < 700]


def test_without_an_end_an_hour_is_drawn(tmp_path: Path) -> None:
    rates = RATES + "7,3600,1.0,2.0,Gamma,0.25,1.0\n"
    assert max(one.at_s for one in pool(tmp_path, rates)) < 1200
    assert len(list(pool(tmp_path, rates, begin_s=3600.0))) == 600


@pytest.mark.parametrize(
    ("rates", "lengths", "told"),
    [
        (RATES + "1,0,1,1,Pareto,1,1\n", LENGTHS, "line 6: 'arrival' is 'Pareto'"),
        (RATES + "1,0,1,1,Gamma,0,1\n", LENGTHS, "line 6: 'arrival' is 'Gamma' with 'p1' 0"),
        (RATES + "1,0,nan,1,Gamma,1,1\n", LENGTHS, "line 6: 'rate_rps' is 'nan'"),
        ("client,window_start_s,rate_rps\n1,0,1\n", LENGTHS, "line 1: no column 'arrival'"),
        (RATES, "client,window_start_s,field\n", "line 1: no quantiles 'p1' to 'p99'"),
        (RATES, LENGTHS + "4,0,input_tokens,9,5,1,5\n", "line 7: quantiles: values .* do not rise"),
        (RATES, "client,window_start_s,field,p50\n4,0,input_tokens,9\n", "no quantiles of 'output"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    tmp_path: Path, rates: str, lengths: str, told: str
) -> None:
    with pytest.raises(TraceInvalid, match=told):
        list(pool(tmp_path, rates, lengths))


def test_the_lengths_lie_beside_the_rates_or_are_named(tmp_path: Path) -> None:
    pool(tmp_path)
    (tmp_path / "other.csv").write_text(RATES)
    with pytest.raises(TraceInvalid, match="say with --lengths where its quantiles are"):
        list(Trace(tmp_path / "other.csv", TraceOptions(experts=("a",))))
    options = TraceOptions(experts=("a",), lengths=tmp_path / "m_length_quantiles.csv")
    assert len(list(Trace(tmp_path / "other.csv", options))) == 990
