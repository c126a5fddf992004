"""Routes made ready, and what is told where they cannot be."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coterie.config import Composition
from coterie.config.route import Category, Route, Rule
from coterie.errors import RouterInvalid
from coterie.router.artefact import write_router
from coterie.router.embedders import open_embedder
from coterie.router.fit import fit
from coterie.router.opening import open_examples, open_learned, open_router, unfitted
from coterie.router.prompt import Prompt
from coterie.router.ratings import Ratings
from coterie.router.router import Request
from coterie.types import Device, Expert, Node

LAW = Category("law", "b", ("can I sue my landlord",))


def composition(route: Route) -> Composition:
    return Composition(
        nodes=(Node("n", (Device("ram", 100),)),),
        experts=(Expert("a", engine="echo"), Expert("b", engine="echo")),
        routes=(route,),
    )


def route(**fields: Any) -> Route:
    return Route(**{"name": "auto", "otherwise": "a", **fields})


def test_a_route_of_rules_and_examples_is_opened(tmp_path: Path) -> None:
    made = route(rules=(Rule(to="b", code=True),), categories=(LAW,), embedder="words")
    router = open_router(made, composition(made), tmp_path)
    assert router.decide(Request(Prompt(code=True)), (), 0.0).expert == "b"
    asked = Request(Prompt(text="can I sue my landlord"))
    assert router.decide(asked, (), 0.0).category == "law"


def test_a_route_without_categories_has_no_examples() -> None:
    assert open_examples(route()) is None


def test_a_fitted_router_that_is_not_there_is_told(tmp_path: Path) -> None:
    made = route(candidates=("a", "b"), learned="gone.router")
    with pytest.raises(RouterInvalid, match=r"gone\.router"):
        open_router(made, composition(made), tmp_path)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A router that was fitted to `a`, who rhymes, and `b`, who programs."""
    topics = ("a list", "a tree", "two files", "the dates", "a matrix", "some names")
    prompts = [
        f"write a python function over {topic}, number {i}" for i in range(4) for topic in topics
    ]
    prompts += [f"write a poem about {topic}, verse {i}" for i in range(4) for topic in topics]
    scores = np.array([[0.1, 0.9]] * 24 + [[0.9, 0.2]] * 24, dtype=np.float32)
    labels = ("programming",) * 24 + ("poetry",) * 24
    ids = tuple(map(str, range(48)))
    ratings = Ratings(ids, tuple(prompts), labels, ("a", "b"), scores)
    path = tmp_path_factory.mktemp("fitted") / "x.router"
    write_router(fit(ratings, open_embedder("words")), path)
    return path


def test_a_fitted_router_scores_the_candidates(fitted: Path) -> None:
    made = route(candidates=("a", "b"), learned=fitted.name)
    router = open_router(made, composition(made), fitted.parent)
    assert not router.slow
    asked = Request(Prompt(text="write a python function over two trees"))
    found = router.decide(asked, (), 0.0)
    assert (found.expert, found.category) == ("b", "programming")
    assert found.scores["b"] > 0.6 > found.scores["a"]


def test_a_router_fitted_for_nobody_of_the_route_is_told(fitted: Path) -> None:
    made = route(name="r", otherwise="c", candidates=("c", "d"), learned=fitted.name)
    with pytest.raises(RouterInvalid, match=r"was fitted for a, b, and none of these may answer"):
        open_learned(made, fitted.parent)


class Fitted:
    experts = ("a", "z")


def test_those_it_was_not_fitted_for_are_told() -> None:
    assert unfitted(route(candidates=("b",)), Fitted()) == ("b",)  # type: ignore[arg-type]


def test_rules_alone_import_no_arrays() -> None:
    code = (
        "import sys; import coterie.gateway, coterie.router.opening as o\n"
        "from coterie.config import decode\n"
        "c = decode(b'nodes: [{name: n, devices: [{name: d, hot: 1}]}]\\n"
        "experts: [{name: a, engine: echo}, {name: b, engine: echo}]\\n"
        "routes: [{name: auto, otherwise: a, rules: [{code: true, to: b}]}]', 'c.yaml')\n"
        "o.open_router(c.routes[0], c, None)\n"
        "print([name for name in ('numpy', 'tokenizers', 'py3langid') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "[]"
