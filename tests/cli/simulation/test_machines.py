"""Nodes become machines, as profiles say."""

import pytest

from coterie.cli.simulation.machines import machines
from coterie.config import Composition, decode
from coterie.errors import BadRequest, ProfileInvalid
from coterie.hardware.catalogue import load
from coterie.hardware.costs import link_rate

GPU = "{name: g0, kind: cuda, hot: 60GB}"
RAM = "{name: ram, hot: 10GB, threads: 8}"


def composed(*nodes: str) -> Composition:
    listed = "\n".join(f"- {{name: {node}}}" for node in nodes)
    return decode(f"nodes:\n{listed}\nexperts: [{{name: a, engine: echo}}]".encode(), "x.yaml")


def test_an_accelerator_computes_for_itself_with_one_core() -> None:
    found = machines(composed(f"n, devices: [{GPU}]"), ["h200"])
    assert (found.cores, found.computes) == ({"n/g0": 1.0}, {"n/g0": "n/g0"})
    (device,) = found.devices
    assert (device.hot_bytes, device.parallel_runs, device.parallel_prefills) == (60 * 10**9, 0, 0)
    (place,) = found.places
    profile = load("h200")
    assert profile.tiers.disk is not None
    assert place.link == link_rate(profile)
    assert (place.disk, place.host_bytes) == (
        profile.tiers.disk.bandwidth,
        profile.tiers.host.bytes,
    )


def test_the_devices_of_a_cpu_share_its_cores_and_run_as_many_as_they_carry() -> None:
    found = machines(composed(f"n, devices: [{RAM}]"), ["cpu"])
    assert (found.cores, found.computes) == ({"n": 32.0}, {"n/ram": "n"})
    (device,) = found.devices
    assert (device.parallel_runs, device.parallel_prefills) == (8, 4)  # 32 cores, by 4 and by 8
    (kind,) = found.by_kind.values()
    assert kind.threads == 8.0


def test_what_the_document_says_of_parallelism_holds() -> None:
    device = "{name: ram, hot: 10GB, parallel_runs: 3, parallel_prefills: 2, parallel_loads: 2}"
    (found,) = machines(composed(f"n, host: 1GB, devices: [{device}]"), ["cpu"]).devices
    assert (found.parallel_runs, found.parallel_prefills, found.parallel_loads) == (3, 2, 2)
    assert found.host_bytes == 10**9


def test_without_a_profile_a_cpu_is_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coterie.cli.simulation.machines._cores", lambda: 4)
    found = machines(composed(f"n, devices: [{RAM}]"), [])
    assert found.cores == {"n": 4.0}
    (kind,) = found.by_kind.values()
    usual = load("cpu")
    assert kind.profile.compute == usual.compute / 8
    assert kind.profile.tiers.hot.bandwidth == usual.tiers.hot.bandwidth / 8
    assert kind.threads == 4.0
    (note,) = found.notes
    assert "with the 4 core(s) of this machine" in note


def test_without_a_profile_nothing_is_known_of_an_accelerator() -> None:
    with pytest.raises(
        ProfileInvalid, match=r"'n/g0' is of kind 'cuda'.*--profile n=NAME.*dgx-h100"
    ):
        machines(composed(f"n, devices: [{GPU}]"), [])


def test_a_profile_is_for_all_or_for_a_node_or_for_a_device() -> None:
    nodes = composed(f"n, devices: [{GPU}, {RAM}]", f"m, devices: [{GPU}]", f"o, devices: [{GPU}]")
    given = ["dgx-h100", "m=h200", "n/ram=cpu"]
    found = machines(nodes, given)
    names = {device: found.by_kind[kind].profile.name for device, kind in found.kinds.items()}
    assert names == {"n/g0": "dgx-h100", "n/ram": "cpu", "m/g0": "h200", "o/g0": "dgx-h100"}


def test_a_load_alone_has_the_links_of_its_own_device() -> None:
    devices = ", ".join(f"{{name: g{i}, kind: cuda, hot: 60GB}}" for i in range(4))
    found = machines(composed(f"n, devices: [{devices}]"), ["h200"])
    rate = link_rate(load("h200"))
    (place,) = found.places
    assert place.link == 4 * rate
    assert set(found.lanes.values()) == {rate}


def test_more_memory_than_the_profile_has_is_noted() -> None:
    device = "{name: g0, kind: cuda, hot: 200GB}"
    (note,) = machines(composed(f"n, devices: [{device}]"), ["h200"]).notes
    assert "'n/g0' has 186.3GiB of hot memory, more than the 131.3GiB of profile 'h200'" in note


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["m=h200"], r"no node 'm'; there are 'n' and 'n/g0'"),
        (["n="], r"'n=' names none"),
        (["h200", "cpu"], r"twice for all nodes"),
        (["n=h200", "n=cpu"], r"twice for 'n'"),
    ],
)
def test_profiles_that_make_no_sense_are_told(given: list[str], told: str) -> None:
    with pytest.raises(BadRequest, match=told):
        machines(composed(f"n, devices: [{GPU}]"), given)
