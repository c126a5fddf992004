"""A condition is read in its figure's unit; a figure without a value is an error, not a pass."""

import pytest

from coterie.cli.simulation.conditions import Condition, met, parse
from coterie.errors import BadRequest


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("p95_ttft > 2s", Condition("p95_ttft", ">", 2.0)),
        ("p95_ttft>2", Condition("p95_ttft", ">", 2.0)),
        ("  p99_e2e   >=  1m30s ", Condition("p99_e2e", ">=", 90.0)),
        ("attainment < 99%", Condition("attainment", "<", 0.99)),
        ("attainment < 99.5 %", Condition("attainment", "<", 0.995)),
        ("attainment<=0.5", Condition("attainment", "<=", 0.5)),
        ("peak_hot_share > 120%", Condition("peak_hot_share", ">", 1.2)),
        ("switches_per_hour > 120", Condition("switches_per_hour", ">", 120.0)),
        ("switches_per_hour > 120/h", Condition("switches_per_hour", ">", 120.0)),
        ("goodput < 1.5e1/s", Condition("goodput", "<", 15.0)),
        ("moved_bytes_per_hour > 1TiB", Condition("moved_bytes_per_hour", ">", 1024.0**4)),
        ("moved_bytes_per_hour > 1 TiB/h", Condition("moved_bytes_per_hour", ">", 1024.0**4)),
        ("moved_bytes > 500MB", Condition("moved_bytes", ">", 5e8)),
        ("loads > 0", Condition("loads", ">", 0.0)),
    ],
)
def test_a_condition_is_read_in_its_unit(text: str, condition: Condition) -> None:
    assert parse(text) == condition


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("p95_tfft > 2s", "no figure is called 'p95_tfft'; did you mean 'p95_ttft'?"),
        ("zebra > 2s", "no figure is called 'zebra'; there are duration"),
        ("", "expected a figure"),
        ("p95_ttft", "expected a figure"),
        ("p95_ttft > ", "expected a figure"),
        ("p95_ttft = 2s", "expected a figure"),
        ("p95_ttft == 2s", "expected a figure"),
        ("p95_ttft => 2s", "expected a figure"),
        ("p95_ttft > > 2s", "expected a figure"),
        ("2s < p95_ttft", "no figure is called '2s'"),
        ("p95_ttft > 2GiB", "the limit of 'p95_ttft'"),
        ("p95_ttft > nan", "expected a duration"),
        ("p95_ttft > -1s", "expected a duration"),
        ("attainment < 99", "write 99% or 0.99"),
        ("attainment < nan", "expected a share such as 99% or 0.99, not 'nan'"),
        ("attainment < 5s", "expected a share"),
        ("attainment < %", "expected a share"),
        ("switches_per_hour > inf", "expected a number such as 120 or 120/h, not 'inf'"),
        ("switches_per_hour > 120/s", "expected a number"),
        ("loads > 1_000", "expected a number such as 120, not '1_000'"),
        ("moved_bytes_per_hour > 2s", "has no unit of size"),
        ("moved_bytes > 1TiB/h", "expected a size"),
        ("loads > " + "9" * 2000, "expected a number"),
    ],
)
def test_what_is_no_condition_says_what_was_expected(text: str, said: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse(text)
    assert str(caught.value).startswith("`--fail-on` is wrong: ")
    assert said in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_the_option_is_named_as_the_command_has_it() -> None:
    with pytest.raises(BadRequest, match="`--target` is wrong") as caught:
        parse("zebra", "--target")
    assert caught.value.param == "target"


@pytest.mark.parametrize(
    ("sign", "answers"),
    [
        (">", [False, False, True]),
        (">=", [False, True, True]),
        ("<", [True, False, False]),
        ("<=", [True, True, False]),
    ],
)
def test_a_condition_holds_or_not(sign: str, answers: list[bool]) -> None:
    condition = Condition("p95_ttft", sign, 2.0)
    assert [met(condition, {"p95_ttft": value}) for value in (1.0, 2.0, 3.0)] == answers


def test_a_figure_without_a_value_passes_nothing() -> None:
    with pytest.raises(BadRequest, match=r"`attainment < 99.0 %` cannot be told: no request has a"):
        met(parse("attainment < 99%"), {"attainment": None})
