"""What is said of plans, word for word where it is short."""

import pytest
from msgspec.structs import replace

from coterie.errors import PlanImpossible
from coterie.planner.recomposition.forecast import ExpertForecast
from coterie.planner.recomposition.judging import judged
from coterie.planner.recomposition.outcome import Recomposition
from coterie.planner.recomposition.plan import recompose
from coterie.planner.recomposition.reasons import Told, explained, often, overall, warned
from coterie.planner.recomposition.state import ExpertState, Options
from coterie.planner.recomposition.steps import Step, steps_of
from tests.planner.recomposition.worlds import World, device, expert, random_world, world

TRIO = tuple(expert(name, 600) for name in ("art", "code", "prose"))
LONELY = device("a/gpu0", 1_300)


def plan(given: World) -> Recomposition:
    return recompose(given.state, given.forecast, given.options)


def trio(prose: float | ExpertForecast, **more: float) -> World:
    """Where code is, and one of three can be beside room to load another."""
    options = Options(patience_s=more.get("patience_s", 60.0))
    return world(TRIO, (LONELY,), ("code@a/gpu0",), {"prose": prose}, options)


@pytest.mark.parametrize(
    ("rate", "told"),
    [
        (0.0, "not asked for"),
        (-1.0, "not asked for"),
        (1e-5, "asked for less than once an hour"),
        (1 / 3600, "asked for 1 times an hour"),
        (0.01, "asked for 36 times an hour"),
        (1 / 60, "asked for 1 times a minute"),
        (0.5, "asked for 30 times a minute"),
        (1.0, "asked for 1 times a second"),
        (2.34, "asked for 2.3 times a second"),
        (99.4, "asked for 99 times a second"),
        (150.0, "asked for 150 times a second"),
        (12_345.6, "asked for 12346 times a second"),
    ],
)
def test_rates_are_told_in_the_largest_unit_that_is_not_below_one(rate: float, told: str) -> None:
    assert often(rate) == told


def test_a_move_tells_what_is_saved_and_what_it_takes() -> None:
    found = plan(world(TRIO, (device("a/gpu0", 1_100),), ("code@a/gpu0",), {"prose": 0.5}))
    assert found.verdict == "move"
    assert found.reason.startswith("Requests wait for ")
    assert found.reason.endswith(
        ", and 0s an hour then. The steps load for 600ms; that they save 1.5 times as much within "
        "10m is 100% sure."
    )
    unload, load = found.steps
    assert load.reason.startswith("'prose' is asked for 30 times a minute; its requests wait ")
    assert load.reason.endswith(" a minute for loads")
    assert unload.reason == "'code' is not asked for: it makes room for 'prose'"


def test_who_stays_is_told_what_would_change_that() -> None:
    found = plan(trio(ExpertForecast("prose", rate=0.5, variance=4.0)))
    assert found.verdict == "stay"
    assert " sure, and it takes 80%. It would be done if " in found.reason
    assert "if it were so for " in found.reason or "if 'prose' were asked for " in found.reason


def test_what_would_change_a_plan_does() -> None:
    """The rate that is told, asked for, is enough."""
    unsure = ExpertForecast("prose", rate=0.002, variance=1e-6)
    found = plan(trio(unsure))
    assert found.verdict == "stay"
    words = found.reason.partition("'prose' were asked for ")[2].rstrip(".").split()
    assert words[1:] == ["times", "an", "hour"]
    least = float(words[0]) / 3600.0
    for factor, verdict in ((0.9, "stay"), (1.1, "move")):
        assert plan(trio(replace(unsure, rate=least * factor))).verdict == verdict


def test_nothing_to_be_done_is_said_so() -> None:
    found = plan(trio(0.0))
    assert (
        found.reason == "Requests wait for 0s an hour in all, and nothing that may be done makes "
        "that less by more than it takes."
    )


def test_what_is_broken_is_told_first_and_how_much_more_there_is() -> None:
    pinned = tuple(expert(name, 100, pinned=True) for name in ("art", "code"))
    found = plan(world(pinned, (LONELY,), (), {}))
    assert found.reason == (
        "What is there cannot stay: 'art' is pinned and nowhere resident (1 more). Requests wait "
        "for 0s an hour in all, and 0s an hour then."
    )
    assert [step.reason for step in found.steps] == ["'art' is pinned", "'code' is pinned"]
    critical = expert("code", 100, critical=True, replicas_max=2)
    found = plan(world((critical,), (LONELY, device("b/gpu0", 500)), (), {}))
    assert [step.reason for step in found.steps] == ["'code' is critical"] * 2


def test_a_rate_that_is_not_as_usual_is_told_with_the_usual_one() -> None:
    new = ExpertForecast("prose", rate=0.5, usual_rate=0.25)
    assert (
        plan(trio(new))
        .steps[0]
        .reason.startswith(
            "'prose' is asked for 30 times a minute (usually 15 times a minute); its requests"
        )
    )
    same = replace(new, usual_rate=0.4)
    assert "usually" not in plan(trio(same)).steps[0].reason


def told(given: World, target: tuple[str, ...]) -> tuple[str, ...]:
    """The reasons of the steps to a placement."""
    return tuple(step.reason for step in explained(told_of(given, target)))


def told_of(given: World, target: tuple[str, ...]) -> Told:
    question = given.question
    layout = question.layout
    pairs = frozenset(pair for pair in range(len(layout.pairs)) if layout.name(pair) in target)
    now, then = judged(question, layout.current), judged(question, pairs)
    steps: tuple[Step, ...] = steps_of(question, pairs)
    gain = recompose(given.state, given.forecast, given.options).gain
    return Told(question, now, then, steps, gain, (), goes=True)


def of(*sizes: int) -> tuple[ExpertState, ...]:
    return tuple(expert(f"e{i}", size, replicas_max=2) for i, size in enumerate(sizes))


TWO = (device("a/gpu0", 10), device("a/gpu1", 10))


def test_replicas_that_make_room_say_for_whom() -> None:
    given = world(of(6, 7), TWO[:1], ("e0@a/gpu0",), {"e1": 0.5})
    assert told(given, ("e1@a/gpu0",))[0] == "'e0' is not asked for: it makes room for 'e1'"
    given = world(of(6, 7), TWO, ("e0@a/gpu0", "e0@a/gpu1"), {"e0": 0.5, "e1": 0.5})
    unload, load = told(given, ("e0@a/gpu1", "e1@a/gpu0"))
    assert unload == (
        "'e0' is asked for 30 times a minute, and resident elsewhere: it makes room for 'e1'"
    )
    assert load.startswith("'e1' is asked for 30 times a minute; its requests wait ")


def test_replicas_that_are_moved_or_added_say_what_for() -> None:
    given = world(of(6), TWO, ("e0@a/gpu0",), {"e0": 0.5})
    assert told(given, ("e0@a/gpu0", "e0@a/gpu1")) == (
        "'e0' is asked for 30 times a minute; one more replica makes their line shorter",
    )
    assert told(given, ("e0@a/gpu1",)) == (
        "'e0' is asked for 30 times a minute; here it makes room, or a line shorter, where it was",
        "'e0' is asked for 30 times a minute, and resident elsewhere",
    )


def test_a_copy_meanwhile_and_a_gap_say_so() -> None:
    there, then = ("e0@a/gpu0", "e1@a/gpu1"), ("e0@a/gpu1", "e1@a/gpu0")
    three = (*TWO, device("b/gpu0", 6))
    experts = tuple(replace(one, replicas_max=1) for one in of(6, 7))
    reasons = told(world(experts, three, there, {"e0": 0.5, "e1": 1.0}), then)
    assert reasons[0] == (
        "'e0' is asked for 30 times a minute: it is here until it can be where it is to be"
    )
    assert reasons[-1] == "'e0' is now where it is to be"
    gap = told(world(experts, TWO, there, {"e0": 0.5, "e1": 1.0}), then)
    assert gap[0] == (
        "'e0' is asked for 30 times a minute, and waits until it is loaded again: there is no room "
        "for both meanwhile"
    )


def test_who_may_not_be_there_goes_for_that() -> None:
    code = expert("code", 1, devices=("a/gpu1",))
    given = world((code,), TWO, ("code@a/gpu0", "code@a/gpu1"), {"code": 0.5})
    assert [step.reason for step in plan(given).steps] == [
        "'code' is asked for 30 times a minute, and may not be here"
    ]


def test_operators_are_warned_of_what_no_plan_mends() -> None:
    vast = expert("vast", 2_048)
    given = world((vast, *TRIO), (device("a/gpu0", 1_300, rate=100.0),), (), {})
    assert plan(given).warnings == (
        "'vast' takes 2KiB and fits no device that it may be on: it cannot be served",
    )
    asked = dict.fromkeys(("art", "code", "prose"), 0.5)
    busy = world(TRIO, (device("a/gpu0", 1_300, rate=100.0),), (), asked)
    loads, refused = plan(busy).warnings
    assert loads.startswith("'a/gpu0' loads for ")
    assert loads.endswith("% of the time: more memory there would save much")
    assert refused.endswith(" requests an hour would wait longer than they may")
    assert plan(trio(0.5)).warnings == ()


def test_what_stays_as_it_is_is_warned_of_as_it_is() -> None:
    given = world(of(6), TWO[:1], (), {"e0": ExpertForecast("e0", rate=0.5)})
    found = told_of(given, ("e0@a/gpu0",))
    slow = replace(given, options=replace(given.options, patience_s=1e-3))
    then = told_of(slow, ("e0@a/gpu0",))
    assert warned(then) == ()
    assert warned(then._replace(goes=False)) == (
        "1800 requests an hour would wait longer than they may",
    )
    assert overall(found).endswith(" sure.")


def test_no_sentence_is_empty() -> None:
    said = 0
    for seed in range(40):
        try:
            found = plan(random_world(seed))
        except PlanImpossible:
            continue
        sentences = [found.reason, *found.warnings, *(step.reason for step in found.steps)]
        for sentence in sentences:
            assert len(sentence.split()) > 2
            assert not {"nan", "inf", "None", "nans", "infs"} & set(sentence.split())
            assert "  " not in sentence
            said += 1
    assert said > 50
