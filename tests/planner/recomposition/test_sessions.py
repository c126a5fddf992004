"""Sessions of a few requests, and what is learnt of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.planner.recomposition.sessions import (
    FADE,
    KEPT,
    SESSIONS,
    TOGETHER_S,
    Repeats,
    Sessions,
)


def test_who_asks_again_is_counted_with_the_time_between() -> None:
    seen = Sessions()
    for at_s in (0.0, 10.0, 30.0):
        seen.observe(at_s, "code", "one")
    asked = 1 + FADE + FADE**2
    repeats = seen.repeats("code")
    assert repeats.share == pytest.approx((1 + FADE) / asked)
    assert repeats.gap_s == pytest.approx((20.0 + 10.0 * FADE) / (1 + FADE))
    assert seen.followers("code") == (("code", 1.0),)


def test_followers_are_told_the_likeliest_first_and_of_equals_by_name() -> None:
    seen = Sessions()
    for session, after in (("1", "prose"), ("2", "maths"), ("3", "maths")):
        seen.observe(0.0, "code", session)
        seen.observe(1.0, after, session)
    (likeliest, share), (other, rest) = seen.followers("code")
    assert (likeliest, other) == ("maths", "prose")
    assert share == pytest.approx((1 + FADE) / (1 + FADE + FADE**2))
    assert share + rest == pytest.approx(1.0)
    assert seen.followers("maths") == ()
    assert seen.repeats("code") == Repeats()


def test_sessions_are_kept_apart() -> None:
    seen = Sessions()
    for at_s, expert, session in ((0, "a", "1"), (1, "b", "2"), (2, "a", "1"), (3, "b", "2")):
        seen.observe(at_s, expert, session)
    assert seen.followers("a") == (("a", 1.0),)
    assert seen.followers("b") == (("b", 1.0),)
    assert seen.repeats("a").gap_s == 2.0


def test_without_a_session_nothing_follows() -> None:
    seen = Sessions()
    for at_s in range(5):
        seen.observe(at_s, "code", "")
    assert seen.followers("code") == ()
    assert seen.repeats("code") == Repeats(0.0, 0.0)
    assert seen.repeats("unknown") == Repeats()
    assert seen.followers("unknown") == ()


def test_what_comes_much_later_has_nothing_to_do_with_it() -> None:
    seen = Sessions()
    seen.observe(0.0, "code", "one")
    seen.observe(TOGETHER_S, "prose", "one")
    seen.observe(2 * TOGETHER_S + 1, "maths", "one")
    assert seen.followers("code") == (("prose", 1.0),)
    assert seen.followers("prose") == ()


def test_only_so_many_followers_are_kept() -> None:
    seen = Sessions()
    for number in range(KEPT + 3):
        seen.observe(0.0, "code", str(number))
        seen.observe(1.0, f"expert-{number:02}", str(number))
    names = [name for name, _ in seen.followers("code")]
    assert names == [f"expert-{number:02}" for number in range(KEPT + 2, 2, -1)]


def test_of_too_many_sessions_the_one_that_was_quiet_longest_is_forgotten() -> None:
    seen = Sessions()
    seen.observe(0.0, "code", "quiet")
    seen.observe(0.0, "code", "lively")
    for number in range(SESSIONS - 2):
        seen.observe(1.0, "other", str(number))
    seen.observe(2.0, "prose", "lively")
    seen.observe(2.0, "other", "one more")
    seen.observe(3.0, "maths", "quiet")
    assert seen.followers("code") == (("prose", 1.0),)


@given(
    st.lists(st.tuples(st.floats(0, 400), st.sampled_from("abc"), st.sampled_from(["", "x", "y"])))
)
def test_shares_are_shares(requests: list[tuple[float, str, str]]) -> None:
    seen, at_s = Sessions(), 0.0
    for passed_s, expert, session in requests:
        at_s += passed_s
        seen.observe(at_s, expert, session)
    for expert in "abc":
        repeats, followers = seen.repeats(expert), seen.followers(expert)
        assert 0 <= repeats.share <= 1
        assert 0 <= repeats.gap_s <= TOGETHER_S * (1 + 1e-9)
        assert sum(share for _, share in followers) == pytest.approx(1.0 if followers else 0.0)
