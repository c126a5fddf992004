"""Requests of a trace, observed one after another."""

from collections.abc import Callable
from pathlib import Path

import pytest

from coterie.cli.recomposition.demand import observed
from coterie.cli.simulation.modelled import Modelled
from coterie.cli.simulation.workload import Wanted
from coterie.errors import TraceInvalid

Model = Callable[..., Modelled]


def test_each_expert_is_expected_as_often_as_it_was_asked_for(model: Model, trace: Path) -> None:
    found = observed(model(), Wanted(trace=trace), 3600.0)
    assert (found.requests, found.end_s, found.notes) == (120, 3570.0, ())
    rates = {name: one.rate * 3600 for name, one in found.forecast.by_name.items()}
    assert rates["b"] == pytest.approx(108, rel=0.1)  # by its alias
    assert rates["a"] == pytest.approx(6, abs=3)
    assert set(found.slots) == {"a", "b", "c"}
    assert all(one.work_s > 0 for one in found.forecast.experts)
    assert all(one.answer_s > 0 for one in found.forecast.experts)


def test_silence_at_the_end_counts(model: Model, trace: Path) -> None:
    usual = observed(model(), Wanted(trace=trace), 3600.0).forecast.by_name["b"]
    later = observed(model(), Wanted(trace=trace), 3600.0, end_s=7200.0)
    assert later.end_s == 7200.0
    assert later.forecast.by_name["b"].rate < usual.rate / 2
    early = observed(model(), Wanted(trace=trace), 3600.0, end_s=10.0)
    assert early.end_s == 3570.0  # the last request came then


def test_who_was_not_asked_for_is_expected_seldom(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("arrival_s,expert,prompt_tokens,output_tokens\n0,a,100,20\n60,a,100,20\n")
    found = observed(model(), Wanted(trace=path), 3600.0)
    assert found.forecast.by_name["c"].rate == 0.0
    assert found.forecast.by_name["c"].high > 0.0


def test_conversations_or_else_tenants_say_who_asks_again(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "said.csv"
    header = "arrival_s,expert,prompt_tokens,output_tokens,tenant,session"
    path.write_text(f"{header}\n0,a,9,9,t,\n1,b,9,9,u,s\n2,a,9,9,t,\n3,b,9,9,v,s\n")
    found = observed(model(), Wanted(trace=path), 3600.0).forecast.by_name
    assert found["a"].followers == (("a", 1.0),)
    assert found["b"].followers == (("b", 1.0),)


def test_an_expert_that_the_document_does_not_have_is_an_error(
    model: Model, tmp_path: Path
) -> None:
    path = tmp_path / "other.csv"
    path.write_text("arrival_s,expert,prompt_tokens,output_tokens\n0,z,100,20\n")
    with pytest.raises(TraceInvalid, match="'z'"):
        observed(model(), Wanted(trace=path), 3600.0)
    found = observed(model(), Wanted(trace=path, mapping="by-rank"), 3600.0)
    assert found.forecast.by_name["a"].requests == 1
