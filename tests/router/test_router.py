"""Whom a prompt goes to, and why."""

import time
from collections.abc import Mapping
from typing import Any

import pytest

from coterie.config import Composition, Key, Tenant
from coterie.config.flow import Flow, Stage
from coterie.config.route import Category, Route, Rule
from coterie.router.decision import Decision
from coterie.router.embedders import open_embedder
from coterie.router.evidence import Evidence
from coterie.router.examples import Examples
from coterie.router.judge import Judge, Judgement
from coterie.router.prompt import Prompt, read_prompt
from coterie.router.router import Request, Router
from coterie.scheduler.status import Outlook
from coterie.types import Budget, Device, Expert, Node

EXPERTS = (
    Expert("small", engine="echo", context=2000, aliases=("tiny",)),
    Expert("coder", engine="echo", context=2000),
    Expert("seer", engine="echo", context=2000, capabilities=("images",)),
    Expert("long", engine="echo", context=20_000, capabilities=()),
)
RULES = (Rule(to="coder", code=True), Rule(prefer={"long": 0.3}, longer=1000))
PAIR = Flow("pair", "chain", (Stage("tiny"), Stage("coder")))
LAW = Category("law", "long", ("can I sue my landlord", "is this contract valid"))
CODE = Category("programming", "coder", ("fix this python function", "write a unit test"))


class Told:
    """A learned router that says what it is told to."""

    experts = ("small", "coder")
    priors: Mapping[str, float] = {"small": 0.4, "coder": 0.6}
    strange = ""
    embedder = open_embedder("words")

    def __init__(self, scores: dict[str, float] | Exception) -> None:
        self.said = scores

    def predict(self, text: str) -> Evidence:
        if isinstance(self.said, Exception):
            raise self.said
        return Evidence("", 0.0, self.said)


def router(judge: Judge | None = None, tenants: tuple[Tenant, ...] = (), **fields: Any) -> Router:
    route = Route(**{"name": "auto", "otherwise": "small", **fields})
    composition = Composition(
        nodes=(Node("n", (Device("ram", 100),)),),
        experts=EXPERTS,
        flows=(PAIR,),
        routes=(route,),
        keys=tuple(Key(tenant.name, "0" * 64) for tenant in tenants),
        tenants=tenants,
    )
    return Router(route, composition, judge)


def learned(scores: dict[str, float] | Exception, **fields: Any) -> Router:
    return router(Judge(None, Told(scores)), **{"candidates": ("small", "coder"), **fields})


def ask(subject: Router, *outlooks: Outlook, now: float = 0.0, **prompt: Any) -> Decision:
    prompt = {"text": "hello", "conversation": "c", "turn": str(now), **prompt}
    return subject.decide(Request(Prompt(**prompt)), outlooks, now)


def hot(name: str, first_s: float = 0.0) -> Outlook:
    return Outlook(name, "resident", first_s, first_s)


def cold(name: str, first_s: float = 0.0) -> Outlook:
    return Outlook(name, "evicts", first_s, first_s)


# -- rules -----------------------------------------------------------------------------------------


def test_three_lines_of_rules_are_a_router() -> None:
    subject = router(rules=RULES)
    assert subject.asks == ("coder", "long", "small")
    found = ask(subject, code=True)
    assert (found.expert, found.confidence) == ("coder", 1.0)
    assert found.reason == "rule 1 (code) says 'coder'"
    found = ask(subject)
    assert (found.expert, found.reason) == (
        "small",
        "no rule holds: the generalist 'small' answers",
    )


def test_points_of_a_rule_are_weighed_and_those_it_does_not_name_stay_out() -> None:
    subject = router(rules=RULES)
    assert ask(subject, tokens=1500).expert == "long"
    slow = cold("long", 60.0)
    assert ask(subject, slow, hot("coder"), hot("small"), tokens=1500).expert == "small"


def test_a_rule_whose_expert_cannot_answer_is_passed() -> None:
    found = ask(router(rules=RULES), code=True, tokens=5000)
    assert found.expert == "long"
    assert "'coder'" in next(one.excluded for one in found.considered if one.expert == "coder")


# -- filters ---------------------------------------------------------------------------------------


def test_images_go_to_who_can_see_them() -> None:
    subject = router(candidates=("small", "seer"))
    found = ask(subject, images=True)
    assert (found.expert, found.reason) == ("seer", "only 'seer' can answer")


def test_where_the_generalist_cannot_the_best_other_answers() -> None:
    found = ask(
        router(rules=(Rule(to="coder", code=True), Rule(to="long", json=True))), tokens=5000
    )
    assert found.expert == "long"
    assert found.reason.startswith("no rule holds, and about 5001 tokens")


def test_where_nobody_can_the_generalist_is_asked_all_the_same() -> None:
    found = ask(router(candidates=("small", "coder")), images=True)
    assert found.expert == "small"
    assert found.reason.startswith("default: nobody can answer: 'small' has no images")


def test_who_is_away_is_not_asked_while_somebody_is_there() -> None:
    subject = router(rules=RULES)
    away = Outlook("coder", reason="its weights are fetching")
    assert ask(subject, away, code=True).expert == "small"
    all_away = [Outlook(name) for name in ("small", "coder", "long")]
    assert ask(subject, *all_away, code=True).expert == "coder"


def test_who_would_be_late_is_not_asked_while_somebody_is_in_time() -> None:
    subject = router(rules=RULES)
    request = Request(Prompt(text="x", code=True), budget=Budget(ttft=1.0))
    found = subject.decide(request, [cold("coder", 5.0), hot("small")], 0.0)
    assert found.expert == "small"
    assert "first token" in next(one.excluded for one in found.considered if one.expert == "coder")
    every = [cold("coder", 5.0), cold("small", 5.0), cold("long", 5.0)]
    assert subject.decide(request, every, 0.0).expert == "coder"


def test_a_tenant_gets_only_experts_that_it_may_use() -> None:
    tenants = (Tenant("poor", experts=("small", "long")), Tenant("none", experts=("seer",)))
    subject = router(tenants=tenants, rules=RULES)
    request = Request(Prompt(text="x", code=True), "poor")
    assert subject.decide(request, (), 0.0).expert == "small"
    found = subject.decide(Request(Prompt(text="x"), "none"), (), 0.0)
    assert found.reason.startswith("default: nobody can answer: tenant 'none' may not use")


def test_a_flow_may_be_a_candidate_but_of_chats_alone() -> None:
    subject = router(rules=(Rule(to="pair", code=True),))
    assert subject.asks == ("small", "coder")
    assert ask(subject, code=True).expert == "pair"
    request = Request(Prompt(text="x", code=True), chat=False)
    assert subject.decide(request, (), 0.0).expert == "small"


# -- examples --------------------------------------------------------------------------------------


def exemplary(*categories: Category, **fields: Any) -> Router:
    judge = Judge(Examples(categories, open_embedder("words")))
    return router(judge, categories=categories, embedder="words", **fields)


def test_examples_choose_and_what_is_like_none_is_the_generalists() -> None:
    subject = exemplary(LAW, CODE)
    found = ask(subject, text="please fix this python function")
    assert (found.expert, found.category) == ("coder", "programming")
    assert found.confidence > 0.5
    found = ask(subject, text="soup recipes", now=5000.0)
    assert (found.expert, found.category) == ("small", "other")
    assert found.reason == "it is like no category: the generalist 'small' answers"


def test_below_the_threshold_the_generalist_answers() -> None:
    found = ask(exemplary(LAW, CODE, confidence=0.999), text="fix this function")
    assert found.expert == "small"
    assert "certain, less than 100%" in found.reason


def test_one_category_is_enough() -> None:
    subject = exemplary(LAW)
    assert ask(subject, text="can I sue my landlord").expert == "long"
    assert ask(subject, text="soup", now=5000.0).expert == "small"


def test_a_long_load_is_not_worth_a_category() -> None:
    subject = exemplary(LAW, CODE)
    text = "fix this python function"
    assert ask(subject, cold("coder", 5.0), hot("small"), text=text).expert == "coder"
    found = ask(subject, cold("coder", 60.0), hot("small"), hot("long"), text=text, now=5000.0)
    assert found.expert == "small"


# -- learned ---------------------------------------------------------------------------------------


def test_the_highest_score_wins_by_more_than_the_margin() -> None:
    subject = learned({"small": 0.5, "coder": 0.7})
    found = ask(subject, cold("coder"), hot("small"))
    assert found.expert == "coder"
    assert found.scores == {"coder": 0.7, "small": 0.5}
    subject = learned({"small": 0.5, "coder": 0.51})
    found = ask(subject, cold("coder"), hot("small"))
    assert found.expert == "small"
    assert found.reason == "'small' is as good as 'coder' within the margin, and resident"


def test_economy_is_the_dial_between_quality_and_speed() -> None:
    scores = {"small": 0.5, "coder": 0.7}
    outlooks = (cold("coder", 30.0), hot("small"))
    assert ask(learned(scores, economy=0.0), *outlooks).expert == "coder"
    assert ask(learned(scores, economy=0.1), *outlooks).expert == "small"


def test_costs_count_where_all_say_theirs() -> None:
    subject = learned({"small": 0.5, "coder": 0.55}, economy=0.2)
    sized = [
        Outlook("small", "resident", hot_bytes=1),
        Outlook("coder", "resident", hot_bytes=10),
    ]
    found = ask(subject, *sized)
    assert found.expert == "small"
    assert [one.cost for one in found.considered] == [0.1, 1.0]


def test_where_loads_are_unknown_the_place_stands_in_for_them() -> None:
    subject = learned({"small": 0.5, "coder": 0.55})
    unknown = Outlook("coder", "evicts", known=False)
    found = ask(subject, unknown, hot("small"))
    assert (found.expert, found.considered[1].seconds) == ("small", 10.0)


# -- conversations ---------------------------------------------------------------------------------


def turn(subject: Router, number: int, looking: bool = False, **prompt: Any) -> str:
    said = Prompt(text="x", conversation="c", turn=str(number), begins=number == 1, **prompt)
    return subject.decide(Request(said), (), float(number), looking=looking).expert


def test_commit_it_stays_with_the_coder() -> None:
    subject = router(rules=RULES, stickiness=2)
    assert turn(subject, 1) == "small"
    assert turn(subject, 2, code=True) == "coder"
    assert turn(subject, 3, looking=True) == "coder"
    assert [turn(subject, number) for number in (3, 3, 4, 5)] == ["coder"] * 3 + ["small"]


def test_why_a_conversation_stays_is_told() -> None:
    subject = router(rules=RULES)
    turn(subject, 1, code=True)
    found = ask(subject, now=2.0, begins=False)
    assert found.reason == (
        "the conversation stays with 'coder', though 'small' would do (turn 1 of 2): "
        "no rule holds: the generalist 'small' answers"
    )


def test_a_conversation_that_begins_anew_keeps_nothing() -> None:
    subject = router(rules=RULES)
    turn(subject, 2, code=True)
    assert turn(subject, 1) == "small"


def test_who_cannot_answer_loses_the_conversation() -> None:
    subject = router(rules=RULES)
    turn(subject, 1, code=True)
    assert turn(subject, 2, tokens=1999) == "long"


def test_a_learned_mean_says_who_is_worth_more() -> None:
    subject = learned({"small": 0.9, "coder": 0.1})
    assert turn(subject, 1) == "small"
    subject._judge.learned.said = {"small": 0.1, "coder": 0.9}  # type: ignore[union-attr]
    assert turn(subject, 2) == "coder"
    subject._judge.learned.said = {"small": 0.9, "coder": 0.1}  # type: ignore[union-attr]
    assert turn(subject, 3) == "coder"


# -- trouble ---------------------------------------------------------------------------------------


def test_what_fails_inside_leaves_the_generalist() -> None:
    found = ask(learned(ValueError("no weights")))
    assert found.expert == "small"
    assert found.reason == "default: the prompt was not judged: ValueError: no weights"


def test_a_rule_decides_even_where_scores_fail() -> None:
    assert ask(
        learned(ValueError("x"), rules=(Rule(to="coder", code=True),)), code=True
    ).expert == ("coder")


def test_a_default_keeps_to_what_a_tenant_may_use() -> None:
    subject = learned(ValueError("x"), tenants=(Tenant("t", experts=("coder",)),))
    assert subject.decide(Request(Prompt(text="x"), "t"), (), 0.0).expert == "coder"


def test_a_router_that_raises_answers_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    subject = router(rules=RULES)
    request = Request(Prompt(metadata=None))  # type: ignore[arg-type]
    broken = router(rules=(Rule(to="coder", metadata={"a": "b"}),))
    assert broken.judge(request) == Judgement(
        trouble="AttributeError: 'NoneType' object has no attribute 'get'"
    )
    found = broken.decide(request, (), 0.0)
    assert found.expert == "small"
    assert found.reason.startswith("default: the router failed: AttributeError")
    assert subject.decide(request, [None], 0.0).reason.startswith("default:")  # type: ignore[list-item]


def test_no_text_at_all_is_decided() -> None:
    for subject in (router(rules=RULES), exemplary(LAW), learned({"small": 0.1, "coder": 0.2})):
        assert ask(subject, text="").expert == "small"


def test_judging_beforehand_is_the_same() -> None:
    subject = exemplary(LAW, CODE)
    request = Request(read_prompt({"prompt": "fix this python function"}))
    judgement = subject.judge(request)
    assert judgement is not None
    assert subject.decide(request, (), 0.0, judgement=judgement, looking=True) == subject.decide(
        request, (), 0.0, looking=True
    )
    assert router(rules=RULES).judge(Request(Prompt(code=True))) is None
    assert router(rules=RULES).judge(Request(Prompt(code=True, tokens=5000))) == Judgement()
    away = (Outlook("coder", "unavailable", reason="it failed to load"),)
    assert router(rules=RULES).judge(Request(Prompt(code=True)), away) == Judgement()


def test_deciding_takes_no_time() -> None:
    subject = exemplary(LAW, CODE, rules=RULES)
    text = "please explain what this contract says about the landlord. " * 40
    body = {"messages": [{"role": "user", "content": text}]}
    subject.decide(Request(read_prompt(body)), (), 0.0)
    began = time.process_time()
    for _ in range(50):
        subject.decide(Request(read_prompt(body)), (), 0.0)
    assert (time.process_time() - began) / 50 < 0.02
