"""What is swept is read as it is written; what makes no sense says what was expected."""

import pytest

from coterie.cli.whatif.sweeps import Sweep, grid, named, parse, size
from coterie.errors import BadRequest

GIB = 1024**3


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("hot=16GiB,32GiB", (16 * GIB, 32 * GIB)),
        ("hot=32GiB, 16GiB ,16GiB", (16 * GIB, 32 * GIB)),
        ("hot=16GiB..64GiB:16GiB", (16 * GIB, 32 * GIB, 48 * GIB, 64 * GIB)),
        ("hot=16GiB..60GiB:16GiB", (16 * GIB, 32 * GIB, 48 * GIB)),
        ("hot=16GiB..80GiB", (16 * GIB, 32 * GIB, 64 * GIB, 80 * GIB)),
        ("host=1GiB..1GiB", (GIB,)),
        ("nodes=1..4", (1, 2, 3, 4)),
        ("nodes=1..9:4", (1, 5, 9)),
        ("parallel=4,1,2", (1, 2, 4)),
        ("load=0.5..4", (0.5, 1.0, 2.0, 4.0)),
        ("load=0.1..0.3:0.1", (0.1, 0.2, 0.3)),
        ("policy=lru,cost", ("lru", "cost")),
        ("profile=h200,../x/my.yaml", ("h200", "../x/my.yaml")),
    ],
)
def test_values_are_lists_ranges_and_steps(text: str, values: tuple[object, ...]) -> None:
    (sweep,) = parse([text])
    assert sweep == Sweep(text.partition("=")[0], values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected a name and its values"),
        ("hot", "expected a name and its values"),
        ("=4", "expected a name and its values"),
        ("hott=4GiB", "nothing called 'hott' can be swept; did you mean 'hot'?"),
        ("zebra=4", "there are nodes, hot"),
        ("hot=", "one is empty"),
        ("hot=4GiB,,8GiB", "one is empty"),
        ("hot=0", "expected more than 0"),
        ("hot=much", "expected a size"),
        ("hot=-4GiB", "expected a size"),
        ("hot=8GiB..4GiB", "runs backwards"),
        ("hot=1..1GiB:1", "has 1,073,741,824 steps; at most 1,000"),
        ("nodes=0", "above 0"),
        ("nodes=1.5", "expected a whole number"),
        ("nodes=1..5000", "more than 1,000 steps; say `:STEP`"),
        ("nodes=1..9:0", "above 0"),
        ("nodes=nan", "expected a whole number"),
        ("load=inf", "expected a factor"),
        ("load=-1", "expected a factor"),
        ("load=99999", "at most 10,000"),
        ("policy=best", "no policy 'best'"),
        ("nodes=" + "9" * 500, "expected a whole number"),
    ],
)
def test_what_makes_no_sense_says_what_was_expected(text: str, said: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse([text])
    assert str(caught.value).startswith("`--sweep` is wrong: ")
    assert said in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_dimension_is_given_once() -> None:
    with pytest.raises(BadRequest, match="'nodes' is given twice"):
        parse(["nodes=1", "nodes=2"])


def test_a_grid_has_every_combination_the_last_sweep_fastest() -> None:
    sweeps = parse(["nodes=1,2", "policy=cost,lru"])
    assert size(sweeps) == 4
    assert [named(point) for point in grid(sweeps)] == [
        "nodes=1 policy=cost",
        "nodes=1 policy=lru",
        "nodes=2 policy=cost",
        "nodes=2 policy=lru",
    ]


def test_a_point_is_named_as_it_could_be_written() -> None:
    assert named({"hot": 16 * GIB, "load": 0.5}) == "hot=16GiB load=0.5"
    assert named({"hot": 20 * 10**9, "host": 1500 * 10**9}) == "hot=20GB host=1.5TB"
    assert named({"hot": 123_456_789}) == "hot=117.7MiB"
    assert named({}) == "as it is"
