"""Fewer nodes are cheaper than less memory, unless a price says otherwise."""

import pytest

from coterie.cli.whatif.price import Cost, Price, cost, parse
from coterie.config import Composition, decode
from coterie.errors import BadRequest

GIB = 1024**3


def composition(nodes: int, hot: str) -> Composition:
    devices = f"devices: [{{name: d, hot: {hot}}}]"
    listed = ", ".join(f"{{name: n{number}, host: 1GiB, {devices}}}" for number in range(nodes))
    expert = "{name: a, engine: echo, parallel: 4, replicas: 2}"
    return decode(f"nodes: [{listed}]\nexperts: [{expert}]".encode(), "x.yaml")


def test_a_cost_is_nodes_then_memory_then_slots() -> None:
    assert cost(composition(2, "16GiB")) == Cost(0.0, 2, 32 * GIB, 2 * GIB, 8)
    assert cost(composition(1, "64GiB")) < cost(composition(2, "16GiB"))
    assert cost(composition(1, "16GiB")) < cost(composition(1, "17GiB"))


def test_a_price_says_otherwise() -> None:
    price = Price(node_hour=1.0, gib_hour=0.5)
    assert cost(composition(2, "16GiB"), price).hour == 18.0
    assert cost(composition(2, "16GiB"), price) < cost(composition(1, "64GiB"), price)


def test_a_cost_is_told() -> None:
    assert str(cost(composition(1, "16GiB"))) == "1 node with 16GiB hot in all"
    price = Price(gib_hour=0.25)
    assert (
        str(cost(composition(2, "16GiB"), price)) == "2 nodes with 32GiB hot in all, 8.00 an hour"
    )


def test_a_price_is_read() -> None:
    assert parse([]) == Price()
    assert not parse([]).is_given
    assert parse(["node-hour=30", " GiB-hour = 0.05 "]) == Price(30.0, 0.05)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["30"], "expected node-hour=30 or GiB-hour=0.05, not '30'"),
        (["node-our=30"], "did you mean 'node-hour'?"),
        (["node-hour=much"], "expected a number such as 0.05, not 'much'"),
        (["node-hour=-1"], "expected a number"),
        (["node-hour=nan"], "expected a number"),
        (["node-hour=1", "node-hour=2"], "'node-hour' is given twice"),
    ],
)
def test_what_is_no_price_says_what_was_expected(texts: list[str], said: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse(texts)
    assert said in str(caught.value)
