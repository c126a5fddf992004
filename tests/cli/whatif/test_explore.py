"""All points, or those that a search asks for, in the order of the grid."""

from collections.abc import Sequence

from coterie.cli.simulation import parse as condition
from coterie.cli.whatif.explore import all_of, meets, missed, search, searched
from coterie.cli.whatif.price import Cost
from coterie.cli.whatif.sweeps import Point, named, parse
from coterie.cli.whatif.trials import Trial

TARGETS = [condition("p95_ttft <= 2s")]


def trial(point: Point, p95_s: float | None) -> Trial:
    cost = Cost(0.0, int(point.get("nodes", 1)), int(point.get("hot", 1)), 0, 1)
    return Trial(point, cost, {"p95_ttft": p95_s})


def ran(points: Sequence[Point]) -> list[Trial]:
    """More hot memory is quicker, and `lru` needs twice as much of it."""
    return [
        trial(one, (20.0 if one.get("policy") == "lru" else 10.0) / int(one["hot"]))
        for one in points
    ]


def test_all_points_are_in_the_order_of_the_grid() -> None:
    found = all_of(parse(["hot=1,2", "policy=lru,cost"]), ran)
    assert [named(one.point) for one in found.trials] == [
        "hot=1B policy=lru",
        "hot=1B policy=cost",
        "hot=2B policy=lru",
        "hot=2B policy=cost",
    ]
    assert found.along == ""


def test_it_pays_to_search_what_is_bought_and_has_many_values() -> None:
    sweeps = parse(["hot=1..5:1", "nodes=1..9", "load=1..9:1", "parallel=1..20"])
    found = searched(sweeps)
    assert found is not None
    assert found.name == "nodes"
    assert searched(parse(["hot=1,2,3,4", "parallel=1..20"])) is None


def test_a_search_finds_each_line_its_least() -> None:
    sweeps = parse(["policy=cost,lru", "hot=1..100:1"])
    asked: list[Point] = []

    def run(points: Sequence[Point]) -> list[Trial]:
        asked.extend(points)
        return ran(points)

    found = search(sweeps, sweeps[1], TARGETS, run)
    least = {
        policy: min(
            int(one.point["hot"])
            for one in found.trials
            if meets(one, TARGETS) and one.point["policy"] == policy
        )
        for policy in ("cost", "lru")
    }
    assert least == {"cost": 5, "lru": 10}
    assert len(asked) == len(found.trials) < 30
    order = [(one.point["policy"], one.point["hot"]) for one in found.trials]
    assert order == sorted(order)
    assert list(found.trials[0].point) == ["policy", "hot"]
    assert (found.along, found.bends) == ("hot", ())


def test_where_more_is_worse_all_of_the_line_is_looked_at() -> None:
    sweeps = parse(["policy=cost,lru", "hot=1..20:1"])

    def run(points: Sequence[Point]) -> list[Trial]:
        good = {"cost": range(10, 21), "lru": range(3, 8)}
        return [
            trial(one, 1.0 if one["hot"] in good[str(one["policy"])] else 9.0) for one in points
        ]

    found = search(sweeps, sweeps[1], TARGETS, run)
    assert [dict(point) for point in found.bends] == [{"policy": "lru"}]
    assert sum(one.point["policy"] == "lru" for one in found.trials) == 20
    assert sum(one.point["policy"] == "cost" for one in found.trials) < 20


def test_a_figure_without_a_value_meets_nothing() -> None:
    assert missed(trial({}, None), TARGETS) == TARGETS
    assert missed(trial({}, 2.0), TARGETS) == []
