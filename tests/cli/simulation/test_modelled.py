"""A document becomes a simulation."""

from pathlib import Path

import pytest
from msgspec import structs

from coterie.cli.simulation.modelled import model, modelled
from coterie.errors import CompositionError, PlanImpossible
from coterie.hardware.catalogue import load
from coterie.hardware.costs import figures
from coterie.simulator import requests, simulate
from coterie.testing.gguf import tiny_gguf
from coterie.workloads import Arrival
from tests.cli.simulation.documents import EXPERTS, Folder

NODE = "nodes: [{name: n, devices: [{name: d, hot: 1GiB}]}]\n"


@pytest.fixture
def written(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def profile(written: Folder) -> str:
    return written.profile


def test_experts_cost_what_the_cost_model_says_and_weigh_what_they_claim(
    written: Folder, profile: str
) -> None:
    found = modelled(written(), profiles=[profile])
    (kind,) = found.setup.figures.values()
    wanted = figures(load(profile), found.cards["a"], context=1000, slots=2)
    assert kind["a"] == structs.replace(wanted, parts=found.footprints["a"].hot, threads=1.0)
    assert found.footprints["a"].hot_bytes == 10 * 10**9


def test_answers_have_at_most_half_of_a_devices_threads(written: Folder) -> None:
    device = "{name: d, hot: 25GB, threads: 7}"
    text = f"nodes: [{{name: n, devices: [{device}]}}]\n{EXPERTS}"
    (kind,) = modelled(written("x.yaml", text), profiles=["cpu"]).setup.figures.values()
    assert kind["a"].threads == 7.0
    assert kind["a"].output_threads <= 4.0


def test_a_load_takes_its_bytes_over_the_link(written: Folder, profile: str) -> None:
    setup = modelled(written(), profiles=[profile]).setup
    arrivals = [Arrival(0.0, "a", 10, 1), Arrival(1.0, "b", 10, 1)]
    outcome = simulate(setup, list(requests(arrivals)))
    first, second = outcome.residences
    assert (first.expert, first.from_s < 0) == ("a", True)  # the first is loaded at the start
    assert second.hot_s - second.from_s == pytest.approx(0.5)  # 10 GB at 20 GB/s
    assert [answer.status for answer in outcome.answers] == [200, 200]


def test_what_the_document_says_of_experts_is_declared(written: Folder, profile: str) -> None:
    file = written(
        "x.yaml",
        "nodes: [{name: n, devices: [{name: d, kind: gpu, hot: 25GB}]}]\n"
        "limits: {queue: 7}\n"
        "experts:\n"
        "- {name: a, engine: echo, options: {hot: 1GB}}\n"
        "- {name: b, engine: echo, options: {hot: 1GB}, parallel: 4, pin: true, devices: [n/d]}\n"
        "- {name: c, engine: echo, options: {hot: 1GB}, idle_ttl: 5m}\n",
    )
    setup = modelled(file, profiles=[profile]).setup
    a, b, c = setup.experts
    assert (a.preload, a.slots, a.replicas) == (False, 2, 1)
    assert (b.pinned, b.slots, b.devices) == (True, 4, ("n/d",))
    assert c.idle_ttl_s == 300.0
    assert (setup.limits.queue, setup.policy) == (7, "cost")


def test_without_anything_to_preload_the_first_is(written: Folder, profile: str) -> None:
    experts = modelled(written(), profiles=[profile]).setup.experts
    assert [expert.preload for expert in experts] == [True, False, False]


def test_owners_of_keys_are_tenants_with_their_weights(written: Folder, profile: str) -> None:
    file = written(
        "x.yaml",
        written().read_text() + f"keys: [{{name: k, sha256: {'a' * 64}, tenant: team}}, "
        f"{{name: solo, sha256: {'b' * 64}}}]\ntenants: [{{name: team, weight: 3}}]\n",
    )
    tenants = modelled(file, profiles=[profile]).setup.tenants
    assert [(tenant.tenant, tenant.weight) for tenant in tenants] == [("team", 3.0), ("solo", 1.0)]


def test_policy_and_memory_may_be_others(written: Folder, profile: str) -> None:
    found = modelled(written(), profiles=[profile], policy="lru", hot=40 * 10**9)
    assert found.setup.policy == "lru"
    assert [device.hot_bytes for device in found.setup.devices] == [40 * 10**9]
    with pytest.raises(CompositionError, match="no policy 'best'"):
        modelled(written(), profiles=[profile], policy="best")


def test_another_composition_is_modelled_with_what_is_known(written: Folder, profile: str) -> None:
    known = modelled(written(), profiles=[profile])
    fewer = structs.replace(known.composition, experts=known.composition.experts[:1])
    assert list(model(fewer, [profile], known.library).cards) == ["a"]


def test_an_expert_that_fits_nowhere_is_noted(written: Folder, profile: str) -> None:
    notes = modelled(written(), profiles=[profile], hot=5 * 10**9).notes
    assert (
        sum("needs 9.31GiB of hot memory, and the most it may have is" in one for one in notes) == 3
    )


def test_more_weights_than_host_memory_are_noted(written: Folder, profile: str) -> None:
    text = written().read_text().replace("name: n,", "name: n, host: 20GB,")
    notes = modelled(written("x.yaml", text), profiles=[profile]).notes
    assert any("27.94GiB, more than the 18.63GiB of host memory on 'n'" in one for one in notes)
    assert any("the others are read from disk again" in one for one in notes)


def test_weights_that_are_not_here_need_a_list(written: Folder, profile: str) -> None:
    file = written("x.yaml", NODE + "experts: [{name: a, weights: file://gone.gguf}]\n")
    with pytest.raises(CompositionError, match=r"experts\[0\].weights: .*gone.gguf"):
        modelled(file, profiles=[profile])
    models = written("models.json", '[{"name": "a", "params_b": 0.1}]')
    found = modelled(file, profiles=[profile], models=[models])
    assert found.cards["a"].parameters == 1e8


def test_weights_that_could_be_fetched_need_one_too(written: Folder, profile: str) -> None:
    file = written("x.yaml", NODE + "experts: [{name: a, weights: 'https://host/a.gguf'}]\n")
    with pytest.raises(PlanImpossible, match="'a': nothing is known of its size"):
        modelled(file, profiles=[profile])


def test_weights_that_are_here_need_nothing(written: Folder, profile: str, tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(tiny_gguf())
    file = written("x.yaml", NODE + "experts: [{name: a, weights: file://a.gguf}]\n")
    assert modelled(file, profiles=[profile]).cards["a"].layers == 2


def test_a_document_that_is_wrong_is_told_as_check_does(written: Folder, profile: str) -> None:
    file = written("x.yaml", NODE + "experts: [{name: a, engine: ekko}, {nme: b}]\n")
    with pytest.raises(CompositionError) as caught:
        modelled(file, profiles=[profile])
    told = str(caught.value)
    assert "x.yaml: experts[0].engine" in told
    assert "x.yaml: experts[1].nme" in told
    with pytest.raises(CompositionError, match=r"gone.yaml: cannot be read"):
        modelled(Path("gone.yaml"))


def test_files_of_routes_have_nothing_to_do_with_it(written: Folder, profile: str) -> None:
    route = "routes: [{name: auto, otherwise: a, candidates: [a, b], learned: gone.router}]\n"
    file = written("x.yaml", written().read_text() + route)
    assert modelled(file, profiles=[profile]).composition.routes[0].name == "auto"
    wrong = written("y.yaml", written().read_text() + "routes: [{name: auto, otherwise: z}]\n")
    with pytest.raises(CompositionError, match="routes"):
        modelled(wrong, profiles=[profile])
