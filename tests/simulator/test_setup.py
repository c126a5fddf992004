"""A set-up knows what an expert costs where."""

import pytest

from coterie.config import Limits
from coterie.hardware import Figures
from coterie.scheduler.events import Declared, DeviceJoined
from coterie.simulator.setup import FREE, Place, Setup
from coterie.types import Part

SLOW, FAST = (Figures((Part("sha256:a", 10),), pace, pace) for pace in (1.0, 9.0))


def test_devices_of_one_kind_share_their_nodes_cores() -> None:
    devices = tuple(DeviceJoined(0.0, f"n{i // 2}/d{i % 2}", f"n{i // 2}", 10) for i in range(4))
    setup = Setup.of_one_kind("cost", Limits(), devices, (Declared(0.0, "a"),), {"a": SLOW}, 8.0)
    assert setup.cores == {"n0": 8.0, "n1": 8.0}
    assert setup.computes["n1/d0"] == setup.computes["n1/d1"] == "n1"
    assert setup.figures_on("a", "n1/d1") is SLOW


def test_figures_are_those_of_the_devices_kind() -> None:
    device = DeviceJoined(0.0, "n/d", "n", 10)
    setup = Setup.of_one_kind("cost", Limits(), (device,), (), {}, 1.0)
    setup = Setup(
        setup.policy,
        setup.limits,
        setup.devices,
        (Declared(0.0, "a"),),
        {"slow": {"a": SLOW}, "fast": {"a": FAST}},
        {"n": 1.0},
        {"n/d": "n"},
        {"n/d": "fast"},
    )
    assert setup.figures_on("a", "n/d") is FAST
    assert setup.anywhere("a") is SLOW
    with pytest.raises(KeyError):
        setup.figures_on("b", "n/d")


def test_nothing_is_waited_for_where_nothing_is_said() -> None:
    place = Place("n")
    assert (place.link, place.disk, place.host_bytes, place.is_warm) == (FREE, FREE, 0, True)
