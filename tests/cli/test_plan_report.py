"""Words and documents, of a plan whose figures are known."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from coterie.cli.plan_report import Outcome, Point, as_document, show
from coterie.planner import Candidate, Evidence, Problem, best_single, select

WEIGHTS, QUALITY = np.array([0.5, 0.5]), np.array([[0.9, 0.1], [0.2, 0.8]])
PROBLEM = Problem(
    candidates=(Candidate("coder", 2**30, 4e9), Candidate("writer", 2**30)),
    categories=("code", "prose"),
    weights=WEIGHTS,
    quality=QUALITY,
    memory_bytes=2**31,
)
PLAN = select(PROBLEM)


def outcome(**changes: Any) -> Outcome:
    single = best_single(PROBLEM, 2**30)
    found = Outcome(
        problem=PROBLEM,
        evidence=Evidence(PROBLEM.categories, WEIGHTS, QUALITY, np.ones((2, 2), dtype=np.int64)),
        pull=10.0,
        plan=PLAN,
        single=single,
        held_out=None,
        points=[Point(2**29, None, None), Point(2**31, PLAN, single)],
    )
    return found._replace(**changes)


def test_a_document_has_every_figure() -> None:
    document = as_document(outcome())
    assert document["experts"] == ("coder", "writer")
    assert document["active_parameters"] is None
    assert document["frontier"][0] == {"memory_bytes": 2**29, "plan": None, "best_single": None}
    assert document["frontier"][1]["plan"]["quality"] == pytest.approx(0.85)
    assert document["categories"][1] == {
        "category": "prose",
        "share": 0.5,
        "expert": "writer",
        "quality": 0.8,
    }


def test_a_curve_has_what_is_known() -> None:
    assert outcome().curve == [(2**29, None, None), (2**31, PLAN.quality, 0.55)]


def test_what_is_not_known_is_not_said(capsys: pytest.CaptureFixture[str]) -> None:
    show(outcome())
    said = capsys.readouterr().out
    assert "held out" not in said
    assert "active parameters" not in said
    assert "gap to the best   none" in said
    assert "resident" not in said


def test_a_gap_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    show(outcome(plan=replace(PLAN, gap=0.012), held_out=0.8))
    said = capsys.readouterr().out
    assert "gap to the best   at most 1.2 %" in said
    assert "(80.0 % where held out)" in said
