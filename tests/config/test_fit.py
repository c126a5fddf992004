from typing import Any

from coterie.config import Composition, fit_problems
from coterie.types import Device, Expert, Footprint, Node, Part

MIB = 1024**2


def composition(*experts: Expert, host: int = 0, **hot: int) -> Composition:
    devices = tuple(Device(name, size * MIB) for name, size in hot.items())
    return Composition(nodes=(Node("n", devices, host=host),), experts=experts)


def footprint(*hot: tuple[str, int], warm: int = 0) -> Footprint:
    parts = tuple(Part(digest, size * MIB) for digest, size in hot)
    return Footprint(parts, (Part("warm", warm * MIB),) if warm else ())


def found(subject: Composition, **footprints: Footprint) -> list[tuple[str, str]]:
    return [(problem.path, problem.message) for problem in fit_problems(subject, footprints)]


def pinned(name: str, *devices: str) -> Expert:
    return Expert(name, pin=True, devices=devices)


def test_what_fits_is_no_problem_and_what_is_not_known_is_passed_over() -> None:
    subject = composition(Expert("a"), Expert("b"), gpu=100)
    assert found(subject, a=footprint(("x", 100))) == []


def test_an_expert_larger_than_any_of_its_devices_is_named_with_both_figures() -> None:
    subject = composition(Expert("a"), Expert("b", devices=("n/small",)), small=50, large=100)
    [(path, message)] = found(subject, a=footprint(("x", 100)), b=footprint(("x", 100)))
    assert path == "experts[1]"
    assert "'b' needs 100MiB of hot memory" in message
    assert "50MiB ('n/small')" in message


def test_parts_with_one_digest_count_once() -> None:
    subject = composition(Expert("a"), gpu=100)
    assert found(subject, a=footprint(("x", 60), ("x", 60), ("y", 40))) == []
    assert len(found(subject, a=footprint(("x", 60), ("x", 61), ("y", 40)))) == 1


def test_an_expert_larger_than_its_host_is_named() -> None:
    subject = composition(Expert("a"), gpu=100, host=10 * MIB)
    [(path, message)] = found(subject, a=footprint(("x", 1), warm=11))
    assert path == "experts[0]"
    assert "'a' needs 11MiB of host memory" in message
    assert found(subject, a=footprint(("x", 1), warm=10)) == []


def test_pinned_experts_that_do_not_fit_together_are_named() -> None:
    subject = composition(pinned("a"), Expert("b"), pinned("c"), gpu=100)
    sizes: dict[str, Any] = {name: footprint((name, 51)) for name in "abc"}
    [(path, message)] = found(subject, **sizes)
    assert path == "experts[2].pin"
    assert message.startswith("'a' and 'c' are pinned and need 102MiB together")


def test_pinned_experts_over_one_file_share_it() -> None:
    subject = composition(pinned("a"), pinned("b"), gpu=100)
    assert (
        found(subject, a=footprint(("x", 80), ("1", 10)), b=footprint(("x", 80), ("2", 10))) == []
    )
    assert len(found(subject, a=footprint(("x", 80), ("1", 10)), b=footprint(("x", 80), ("2", 11))))


def test_pinned_experts_may_lie_on_different_devices() -> None:
    subject = composition(pinned("a"), pinned("b"), one=100, two=100)
    sizes = {name: footprint((name, 80)) for name in "ab"}
    assert found(subject, **sizes) == []


def test_a_crowded_device_is_reported_once_and_not_again_for_the_groups_around_it() -> None:
    subject = composition(
        pinned("a", "n/one"), pinned("b", "n/one"), pinned("c"), pinned("d"), one=100, two=60
    )
    sizes = {name: footprint((name, 60)) for name in "abcd"}
    assert [path for path, _ in found(subject, **sizes)] == ["experts[1].pin"]


def test_one_that_fits_nowhere_is_not_blamed_for_the_pins() -> None:
    subject = composition(pinned("a"), pinned("b"), gpu=100)
    sizes = {"a": footprint(("a", 200)), "b": footprint(("b", 80))}
    assert [path for path, _ in found(subject, **sizes)] == ["experts[0]"]
