"""A composition on its machines, as planning sees them."""

from collections.abc import Callable

import pytest
from msgspec import structs

from coterie.cli.recomposition.ending import Ending
from coterie.cli.recomposition.state import INSTANT, given, known, state_of
from coterie.cli.simulation.modelled import Modelled
from coterie.errors import BadRequest
from coterie.simulator import FREE
from coterie.types import Part

Model = Callable[..., Modelled]


def test_bytes_ways_and_bounds_are_those_of_the_document_and_the_profile(model: Model) -> None:
    state = state_of(model(), ["a@n/g"], {"a": 2.0})
    (device,) = state.devices
    assert (device.device, device.node, device.hot_bytes) == ("n/g", "n", 20_000_000_000)
    assert device.load_bytes_per_s == pytest.approx(10e9)
    assert device.capacity == 1.0
    a, b, _ = state.experts
    assert (a.name, a.footprint.hot_bytes, a.slots) == ("a", 10_000_000_000, 2.0)
    assert (b.slots, b.start_s, b.pinned, b.replicas_max) == (0.0, 0.0, False, 1)
    assert state.replicas == ("a@n/g",)


def test_what_is_not_in_host_memory_is_read_from_disk(model: Model) -> None:
    found = model()
    (place,) = found.setup.places
    half = structs.replace(place, host_bytes=15_000_000_000)  # of 30 GB, which take 10 s to read
    cold = structs.replace(found, setup=structs.replace(found.setup, places=(half,)))
    rate = state_of(cold, [], {}).devices[0].load_bytes_per_s
    assert rate == pytest.approx(1 / (0.5 / 10e9 + 0.5 / 1e9))


def test_where_nothing_is_copied_loads_take_no_time_for_it(model: Model) -> None:
    found = model()
    lanes = dict.fromkeys(found.setup.lanes, FREE)
    (place,) = found.setup.places
    setup = structs.replace(found.setup, lanes=lanes, places=(structs.replace(place, link=FREE),))
    device = state_of(structs.replace(found, setup=setup), [], {}).devices[0]
    assert device.load_bytes_per_s == INSTANT


def test_what_a_journal_has_learnt_goes_before_the_model(model: Model) -> None:
    past = Ending(9.0, (), {"b": (Part("x", 5_000_000_000),)}, {"b": 3.0, "c": 0.1})
    a, b, c = state_of(model(), [], {}, past).experts
    assert a.start_s == 0.0
    assert b.footprint.hot_bytes == 5_000_000_000
    assert b.start_s == pytest.approx(2.5)
    assert c.start_s == 0.0  # its bytes alone take longer


def test_replicas_that_the_document_does_not_have_are_told_apart(model: Model) -> None:
    replicas = ["c@n/g", "z@n/g", "a@m/g", "a@n/g"]
    assert known(replicas, model().setup) == (["a@n/g", "c@n/g"], ["a@m/g", "z@n/g"])


def test_replicas_can_be_given(model: Model) -> None:
    setup = model().setup
    assert given("none", setup) == []
    assert given("b@n/g, a@n/g", setup) == ["a@n/g", "b@n/g"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a", "'a': expected EXPERT@NODE/DEVICE"),
        ("", "'': expected EXPERT@NODE/DEVICE"),
        ("z@n/g", "there is no expert 'z'; there are 'a', 'b' and 'c'"),
        ("a@n/h", "there is no device 'n/h'; did you mean 'n/g'"),
        ("a@n/g,a@n/g", "'a@n/g' twice"),
    ],
)
def test_replicas_that_make_no_sense_are_refused(model: Model, text: str, told: str) -> None:
    with pytest.raises(BadRequest) as caught:
        given(text, model().setup)
    assert told in str(caught.value)
