"""An outcome is empty until something happens, and can be written."""

import msgspec

from coterie.simulator.outcome import FOREVER, Fault, Outcome, Residence


def test_what_has_not_happened_by_the_end_is_for_ever() -> None:
    stay = Residence("e", "n/d", 10, 1.0)
    assert (stay.hot_s, stay.leaves_s, stay.gone_s) == (FOREVER, FOREVER, FOREVER)
    assert Fault(1.0, "node", "n").until_s == FOREVER


def test_each_residence_is_a_load() -> None:
    assert Outcome().loads == 0
    assert Outcome(residences=[Residence("e", "n/d", 10, 1.0)] * 3).loads == 3


def test_outcomes_share_nothing() -> None:
    one, other = Outcome(), Outcome()
    one.answers.append(None)  # type: ignore[arg-type]
    one.busy_s["n"] = 1.0
    assert (other.answers, other.busy_s) == ([], {})


def test_an_outcome_can_be_written_and_read() -> None:
    stay = Residence("e", "n/d", 10, 1.0, 2.0, 3.0, 4.0, 5, "asked for", "room for f")
    outcome = Outcome(residences=[stay], end_s=9.0)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(outcome), type=Outcome) == outcome
