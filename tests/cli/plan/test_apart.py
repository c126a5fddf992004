"""Who can never be beside whom: on one device, or at all."""

from collections.abc import Callable

from coterie.cli.plan.apart import MOST_PAIRS, Alone, Apart, apart, of_pairs
from coterie.cli.simulation.modelled import Modelled

Model = Callable[[str], Modelled]
GB = 10**9


def composition(sizes: dict[str, int], *hot: int, devices: str = "") -> str:
    places = ", ".join(f"{{name: d{i}, kind: cuda, hot: {size}GB}}" for i, size in enumerate(hot))
    experts = "\n".join(
        f"- {{name: {name}, engine: echo, {devices}options: {{hot: {size}GB}}}}"
        for name, size in sizes.items()
    )
    return f"nodes: [{{name: n, devices: [{places}]}}]\nexperts:\n{experts}\n"


def test_on_one_device_they_take_turns(model: Model) -> None:
    found = apart(model(composition({"a": 6, "b": 5, "c": 4}, 10)).setup)
    assert found.pairs == (Apart(("a", "b"), 11 * GB, 10 * GB, True),)
    assert (found.count, found.alone, found.is_all) == (1, (), True)


def test_on_two_devices_each_may_have_its_own(model: Model) -> None:
    found = apart(model(composition({"a": 6, "b": 5}, 10, 8)).setup)
    assert found.pairs == (Apart(("a", "b"), 11 * GB, 10 * GB, False),)


def test_what_fits_only_the_same_one_takes_turns_all_the_same(model: Model) -> None:
    found = apart(model(composition({"a": 6, "b": 6}, 10, 5)).setup)
    assert found.pairs[0].takes_turns


def test_those_that_share_no_device_are_never_beside_each_other(model: Model) -> None:
    text = composition({"a": 1, "b": 1}, 10, 10)
    text = text.replace("{name: a, ", "{name: a, devices: [n/d0], ")
    found = apart(model(text.replace("{name: b, ", "{name: b, devices: [n/d1], ")).setup)
    assert found.pairs == (Apart(("a", "b"), 2 * GB, 0, False),)


def test_one_that_leaves_room_for_nobody_is_alone(model: Model) -> None:
    found = apart(model(composition({"a": 9, "b": 4, "c": 3}, 10)).setup)
    assert found.alone == (Alone("a", GB, 3 * GB),)
    assert [one.experts for one in found.pairs] == [("a", "c"), ("a", "b")]


def test_what_fits_nowhere_is_in_no_pair(model: Model) -> None:
    setup = model(composition({"a": 20, "b": 4, "c": 3}, 10)).setup
    assert apart(setup).pairs == ()
    assert of_pairs(setup, [("a", "b")]) == []


def test_those_that_are_asked_most_come_first(model: Model) -> None:
    setup = model(composition({"a": 6, "b": 6, "c": 6}, 10)).setup
    found = apart(setup, {"a": 2, "b": 30, "c": 40})
    assert [(one.experts, one.requests) for one in found.pairs] == [
        (("b", "c"), 30),
        (("a", "b"), 2),
        (("a", "c"), 2),
    ]


def test_of_many_pairs_some_are_told_and_all_are_counted(model: Model) -> None:
    found = apart(model(composition({f"e{i:02}": 6 for i in range(20)}, 10)).setup)
    assert (len(found.pairs), found.count) == (MOST_PAIRS, 190)
    assert len(found.alone) == 20
