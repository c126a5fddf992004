"""Easy to escalate, slow to come down."""

from coterie.router.sessions import FORGOTTEN_S, Sessions


class Talk:
    """One conversation, turn by turn."""

    def __init__(self, stickiness: int) -> None:
        self.sessions = Sessions(stickiness)
        self.turn = 0

    def __call__(self, wanted: str, *, more: bool = False, again: bool = False) -> str:
        self.turn += not again
        session = self.sessions.of("c", float(self.turn))
        settled = self.sessions.settle(session, str(self.turn), wanted, float(self.turn), more=more)
        self.sessions.remember("c", settled)
        return settled.expert


def test_a_better_expert_comes_at_once_and_a_lesser_one_late() -> None:
    talk = Talk(2)
    assert [talk("small"), talk("big", more=True)] == ["small", "big"]
    assert [talk("small") for _ in range(3)] == ["big", "big", "small"]
    assert talk("small") == "small"


def test_turns_that_asked_for_less_must_be_in_a_row() -> None:
    talk = Talk(2)
    wanted = ["big", "small", "small", "big", "small", "small", "small"]
    assert [talk(name) for name in wanted] == ["big"] * 6 + ["small"]


def test_one_turn_counts_once_however_often_it_is_asked() -> None:
    talk = Talk(1)
    assert [talk("big"), talk("small")] == ["big", "big"]
    assert [talk("small", again=True) for _ in range(5)] == ["big"] * 5
    assert talk("small") == "small"
    assert talk("big", more=True, again=True) == "small"


def test_without_stickiness_each_turn_is_for_itself() -> None:
    talk = Talk(0)
    assert [talk(name) for name in ("big", "small", "big")] == ["big", "small", "big"]
    assert len(talk.sessions) == 0


def test_what_was_long_ago_is_forgotten_and_the_memory_is_bounded() -> None:
    sessions = Sessions(2, most=3)
    for name in "abcd":
        sessions.remember(name, sessions.settle(None, "1", "x", 10.0, more=False))
    assert len(sessions) == 3
    assert sessions.of("a", 10.0) is None
    assert sessions.of("d", 10.0 + FORGOTTEN_S) is not None
    assert sessions.of("d", 10.1 + FORGOTTEN_S) is None


def test_settling_remembers_nothing() -> None:
    sessions = Sessions(2)
    sessions.settle(None, "1", "x", 0.0, more=False)
    assert len(sessions) == 0
