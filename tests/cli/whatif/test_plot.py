"""A picture has a line for each combination of what is not along its axis."""

from pathlib import Path

import pytest

from coterie.cli.simulation import parse as condition
from coterie.cli.whatif.plot import Drawn, drawn_of, kind_of, lines, picture
from coterie.cli.whatif.price import Cost
from coterie.cli.whatif.sweeps import parse
from coterie.cli.whatif.trials import Trial
from coterie.errors import BadRequest

GIB = 1024**3
COST = Cost(0.0, 1, GIB, 0, 1)
TRIALS = [
    Trial({"policy": policy, "hot": hot * GIB}, COST, {"p95_ttft": value})
    for policy, values in (("cost", (3.0, None, 1.0)), ("lru", (4.0, 3.0, 2.0)))
    for hot, value in zip((1, 2, 32), values, strict=True)
]
SWEEPS = parse(["policy=cost,lru", "hot=1GiB,2GiB,32GiB"])
TARGETS = [condition("p95_ttft <= 2s")]


@pytest.mark.parametrize(("name", "kind"), [("x.png", "png"), ("x.SVG", "svg"), ("x.html", "html")])
def test_the_kind_is_that_of_the_name(name: str, kind: str) -> None:
    assert kind_of(Path(name)) == kind
    assert kind_of(None) == ""


def test_another_kind_is_an_error() -> None:
    with pytest.raises(BadRequest, match=r"expected a name that ends in .png, .svg or .html"):
        kind_of(Path("x.pdf"))


def test_the_axis_is_what_is_searched_or_has_most_values() -> None:
    sweeps = parse(["nodes=1,2", "load=1,2,4", "policy=cost,lru"])
    assert drawn_of(sweeps, None, "p95_ttft").axis.name == "load"
    assert drawn_of(sweeps, sweeps[0], "p95_ttft").axis.name == "nodes"
    with pytest.raises(BadRequest, match="needs a sweep of at least two numbers"):
        drawn_of(parse(["policy=cost,lru", "nodes=3"]), None, "p95_ttft")
    with pytest.raises(BadRequest, match="would have 15 lines over 'nodes'; at most 12"):
        drawn_of(parse(["nodes=1..20", "load=1..15:1"]), None, "p95_ttft")


def test_a_line_leaves_out_what_has_no_figure() -> None:
    assert lines(TRIALS, Drawn(SWEEPS[1], "p95_ttft")) == [
        ("policy=cost", [(GIB, 3.0), (32 * GIB, 1.0)]),
        ("policy=lru", [(GIB, 4.0), (2 * GIB, 3.0), (32 * GIB, 2.0)]),
    ]


def test_pictures_are_drawn() -> None:
    pytest.importorskip("matplotlib")
    drawn = Drawn(SWEEPS[1], "p95_ttft")
    assert picture(TRIALS, drawn, TARGETS, "png").startswith(b"\x89PNG")
    page = picture(TRIALS, drawn, TARGETS, "html").decode()
    assert page.startswith("<!doctype html>")
    assert "the target, p95_ttft &lt;= 2s" in page
    assert "http://" not in page.split("<svg")[0]
    assert picture(TRIALS, drawn, TARGETS, "svg") == picture(TRIALS, drawn, TARGETS, "svg")
