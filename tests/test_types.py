from coterie.types import Footprint, Part, device_id, replica_id


def test_a_footprint_adds_up_its_parts_by_tier() -> None:
    footprint = Footprint(hot=(Part("a", 3), Part("b", 4)), warm=(Part("c", 5),))
    assert (footprint.hot_bytes, footprint.warm_bytes) == (7, 5)
    assert (Footprint().hot_bytes, Footprint().warm_bytes) == (0, 0)


def test_devices_and_replicas_are_named_by_where_they_are() -> None:
    assert device_id("local", "ram") == "local/ram"
    assert replica_id("smollm2", device_id("local", "ram")) == "smollm2@local/ram"
