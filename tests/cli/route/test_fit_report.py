from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from coterie.cli.route.fit_report import Fitted, document, lines, remarks
from coterie.router.artefact import read_router
from coterie.router.evaluate import Quality
from coterie.router.ratings import Ratings

HOW = Quality(40, 0.82, 0.75, "giant", 0.5, 0.95, 0.07, -0.01, 0.15)


@pytest.fixture
def done(fitted: Path, ratings: Ratings) -> Fitted:
    learned = read_router(fitted / "my.router")
    return Fitted(learned, ratings, HOW, Path("a/my.router"), "abc", 2048)


def test_a_line_for_each_figure(done: Fitted) -> None:
    told = dict(lines(done))
    assert told["held back"] == "40 prompts, of a router that was fitted without them"
    assert told["  quality"] == (
        "82.0 % (95 % interval of the gain: -1.0 to +15.0 points), 35 % of the gap closed"
    )
    assert told["  best single"] == "75.0 %, giant"
    assert told["file"] == "a/my.router, 2KiB, embedder static"
    assert told["digest"] == "abc"


@pytest.mark.parametrize(
    ("trust", "told"), [(0.5, "half: "), (0.25, "a quarter: "), (0.0, "none: no signal was found")]
)
def test_trust_is_said_in_words(done: Fitted, trust: float, told: str) -> None:
    done.learned.trust = trust
    assert dict(lines(done))["trust"].startswith(told)


def test_nothing_that_can_be_compared(done: Fitted) -> None:
    none = Quality(0, 0.0, 0.0, "giant", 0.0, 0.0, 0.0, 0.0, 0.0)
    told = dict(lines(done._replace(how=none)))
    assert told["held back"].startswith("no prompt has scores of both")
    assert "held back" not in dict(lines(done._replace(how=None)))


def test_what_is_odd_about_the_ratings(done: Fitted) -> None:
    assert list(remarks(done)) == []
    scores = np.full_like(done.ratings.scores, np.nan)
    scores[:, 0] = 1
    odd = done._replace(ratings=replace(done.ratings, scores=scores))
    (told,) = remarks(odd)
    assert told.startswith("no prompt was rated for two experts")


def test_the_document_is_three_lines(done: Fitted) -> None:
    text = document(done)
    assert len(text.splitlines()) == 3
    assert yaml.safe_load(text) == {
        "routes": [
            {
                "name": "auto",
                "otherwise": "giant",
                "learned": "my.router",
                "candidates": ["coder", "writer", "giant"],
            }
        ]
    }
