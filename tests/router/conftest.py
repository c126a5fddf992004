"""Prompts of three topics, each of which one expert answers best, and a router fitted to them."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from coterie.router.embedders import Embedder, open_embedder
from coterie.router.fit import fit
from coterie.router.learned import Learned
from coterie.router.ratings import Ratings

Rated = Callable[..., Ratings]

TOPICS = {
    "code": "python function loop bug compiler class variable recursion string array unittest git",
    "cooking": "soup oven recipe garlic butter flour simmer roast pan dough spices salad",
    "law": "contract court landlord lawsuit clause tenant judge liability patent will appeal fine",
}
FORMS = ("how do I use {} with {} or {}", "explain {} and {} and {}", "what about {} {} {}?")
EXPERTS = ("coder", "cook", "lawyer", "general")
RIGHT, WRONG, GENERAL = 0.9, 0.3, 0.6


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Products of small matrices on as many threads as there are cores wait for one another, and
    where other tests run beside these, for long.
    """
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def rated() -> Rated:
    """Makes ratings of `n` prompts: of three topics in turn, each with an expert who is right in
    nine of ten; `other` more are about nothing of the kind.
    """

    def make(n: int, seed: int = 0, other: int = 0) -> Ratings:
        draw = np.random.default_rng(seed)
        names = [list(TOPICS)[i % 3] for i in range(n)]
        prompts = [
            str(draw.choice(FORMS)).format(*draw.choice(TOPICS[name].split(), 3, replace=False))
            for name in names
        ]
        prompts += [
            " ".join("".join(draw.choice(list("aeioubdgklmnprst"), 5)) for _ in range(6))
            for _ in range(other)
        ]
        names += ["other"] * other
        worth = np.full((n + other, len(EXPERTS)), WRONG)
        worth[:, -1] = GENERAL
        worth[np.arange(n), [list(TOPICS).index(name) for name in names[:n]]] = RIGHT
        scores = (draw.random(worth.shape) < worth).astype(np.float32)
        ids = tuple(f"p{i}" for i in range(n + other))
        return Ratings(ids, tuple(prompts), tuple(names), EXPERTS, scores)

    return make


@pytest.fixture(scope="session")
def words() -> Embedder:
    return open_embedder("words")


@pytest.fixture(scope="session")
def static() -> Embedder:
    return open_embedder("static")


@pytest.fixture(scope="session")
def minilm() -> Embedder:
    return open_embedder("minilm")


@pytest.fixture(scope="session")
def fitted(rated: Rated, static: Embedder) -> Learned:
    """Fitted to 300 prompts, 60 of which are out of scope."""
    return fit(rated(240, other=60), static, strange="other")
