"""What fits where is what the scheduler makes of it; parts with one digest count once."""

from collections.abc import Callable

from msgspec import structs

from coterie.cli.plan.hosted import Held, Taken, candidates, distinct, fit, residents, with_all
from coterie.cli.simulation.modelled import Modelled
from coterie.types import Footprint, Part

Model = Callable[[str], Modelled]
GB = 10**9
TWO_DEVICES = """
nodes:
- name: n
  host: 40GB
  devices: [{name: g, kind: cuda, hot: 20GB}, {name: h, kind: cuda, hot: 10GB}]
experts:
- {name: a, engine: echo, pin: true, devices: [n/h], options: {hot: 10GB}}
- {name: b, engine: echo, preload: true, options: {hot: 15GB}}
- {name: c, engine: echo, devices: [n/h], options: {hot: 5GB}}
- {name: d, engine: echo, options: {hot: 20GB}}
"""


def test_at_the_start_pins_and_preloads_are_hot(model: Model) -> None:
    found = model(TWO_DEVICES)
    assert residents(found.setup) == ["a@n/h", "b@n/g"]
    fits = fit(found)
    assert fits.memories == (
        Held("n/g", "hot", 20 * GB, 15 * GB, ("b",), 0, 35 * GB, 2),
        Held("n/h", "hot", 10 * GB, 10 * GB, ("a",), 0, 50 * GB, 4),
        Held("n", "host", 40 * GB, 50 * GB, ("a", "b", "c", "d"), 0, 50 * GB, 4),
    )
    assert [one.share for one in fits.memories] == [0.75, 1.0, 1.25]
    assert (fits.experts, fits.at_once) == (4, 2)


def test_of_all_that_are_to_be_preloaded_as_many_are_hot_as_fit(model: Model) -> None:
    found = model(TWO_DEVICES.replace("pin: true, ", ""))
    assert len(residents(with_all(found.setup))) == fit(found).at_once == 2


def test_where_nobody_is_preloaded_a_server_loads_its_first(model: Model) -> None:
    found = model(TWO_DEVICES.replace("pin: true, ", "").replace("preload: true, ", ""))
    assert [one.rpartition("@")[0] for one in residents(found.setup)] == ["a"]


def test_what_experts_share_counts_once(model: Model) -> None:
    found = model(TWO_DEVICES.replace("name: c,", "name: c, preload: true,"))
    base = Part("path:base", 3 * GB)
    shared = {name: Footprint((base, Part(f"own:{name}", GB))) for name in "ac"}
    (kind,) = found.setup.figures
    figures = {
        name: structs.replace(one, parts=shared[name].hot if name in shared else one.parts)
        for name, one in found.setup.figures[kind].items()
    }
    setup = structs.replace(found.setup, figures={kind: figures})
    fits = fit(structs.replace(found, setup=setup, footprints=found.footprints | shared))
    together = fits.memories[1]
    assert together.experts == ("a", "c")
    assert (together.used_bytes, together.shared_bytes) == (5 * GB, 3 * GB)
    assert next(one for one in fits.memories if one.tier == "host").shared_bytes == 5 * GB
    assert fits.taken[0] == Taken("a", 4 * GB, 3 * GB, 0, GB, 3 * GB, ("a@n/h",))


def test_a_cache_is_a_part_of_what_a_replica_takes(model: Model) -> None:
    found = model(TWO_DEVICES)
    card = structs.replace(found.cards["d"], kv_bytes_per_token=10**6)
    parts = (Part("weights:d", 12 * GB), Part("private:d", 8 * GB))
    known = structs.replace(
        found,
        cards=found.cards | {"d": card},
        footprints=found.footprints | {"d": Footprint(parts)},
    )
    (taken,) = [one for one in fit(known).taken if one.expert == "d"]
    cache = 10**6 * 2048 * 2
    assert (taken.weights_bytes, taken.cache_bytes) == (12 * GB, cache)
    assert taken.other_bytes == 8 * GB - cache


def test_weights_that_are_fetched_take_disk(model: Model) -> None:
    text = TWO_DEVICES.replace("host: 40GB", "disk: 8GB")
    remote = "{name: d, engine: echo, weights: 'https://example.org/d.gguf', options: {hot: 9GB}}"
    found = model(text.replace("{name: d, engine: echo, options: {hot: 20GB}}", remote))
    (disk,) = [one for one in fit(found).memories if one.tier == "disk"]
    assert (disk.place, disk.offered_bytes, disk.experts) == ("n", 8 * GB, ("d",))


def test_candidates_are_those_that_may_be_there(model: Model) -> None:
    experts = model(TWO_DEVICES).setup.experts
    assert candidates(experts, ("n/g",)) == ("b", "d")
    assert candidates(experts, ("n/h",)) == ("a", "b", "c", "d")


def test_a_digest_counts_at_its_largest() -> None:
    assert distinct([Part("x", 3), Part("y", 2), Part("x", 4)]) == 6
    assert distinct([]) == 0
