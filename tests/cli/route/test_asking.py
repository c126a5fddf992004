"""Which experts and prompts count, and what is said of the others."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from coterie.cli.route.asking import Asked, answers, complete, opened, weighed
from coterie.errors import RatingsInvalid

Drawn = Callable[..., list[dict[str, Any]]]


def nothing(stage: str, done: int, total: int) -> None: ...


def asked(
    files: Path | list[Path], folder: Path, experts: tuple[str, ...] = ()
) -> tuple[Asked, str]:
    said = io.StringIO()
    paths = files if isinstance(files, list) else [files]
    found = opened(folder / "my.router", paths, experts, Console(file=said))
    return found, said.getvalue()


def test_held_back_ratings_are_taken_without_a_word(folder: Path) -> None:
    found, said = asked(folder / "held.jsonl", folder)
    assert said == ""
    assert found.ratings.experts == ("coder", "writer", "giant")
    assert found.ratings.experts[found.best] == "giant"


def test_the_very_ones_it_was_fitted_to_are_known_again(folder: Path) -> None:
    _, said = asked(folder / "rated.jsonl", folder)
    assert said.startswith("warning: the router was fitted to about 100 % of these prompts")


def test_experts_that_only_one_of_them_knows_are_left_out(
    folder: Path, drawn: Drawn, lines: Callable[[Any], str]
) -> None:
    rows = drawn(60, 5)
    for row in rows:
        row["scores"] = {"writer": 1.0, "stranger": 0.5, "coder": 0.0}
    path = folder / "other.jsonl"
    path.write_text(lines(rows))
    found, said = asked(path, folder)
    assert found.ratings.experts == ("coder", "writer")
    assert "left out: stranger: not fitted for them\n" in said
    assert "left out: giant: they have no scores\n" in said
    found, _ = asked(path, folder, ("writer",))
    assert found.ratings.experts == ("writer",)
    with pytest.raises(RatingsInvalid, match="expert 'stranger' is not in the router"):
        asked(path, folder, ("stranger",))
    with pytest.raises(RatingsInvalid, match="expert 'giant' is not in the ratings"):
        asked(path, folder, ("giant",))


def test_ratings_of_others_alone_are_refused(
    folder: Path, drawn: Drawn, lines: Callable[[Any], str]
) -> None:
    path = folder / "other.jsonl"
    path.write_text(lines({**row, "scores": {"stranger": 1}} for row in drawn(60, 5)))
    with pytest.raises(
        RatingsInvalid, match="fitted for coder, writer, giant, and the ratings are"
    ):
        asked(path, folder)


def test_what_the_router_says_stands_in_the_order_of_the_ratings(folder: Path) -> None:
    found, _ = asked(folder / "held.jsonl", folder)
    told: list[int] = []
    said = answers(found, lambda stage, done, total: told.append(done))
    assert told == list(range(1, 121))
    one = found.learned.predict(found.ratings.prompts[7])
    assert said.expected[7].tolist() == list(one.scores.values())
    assert (said.taken[7], said.confidence[7]) == (one.category, one.confidence)
    assert said.ms > 0


def test_what_is_weighed(folder: Path) -> None:
    found, _ = asked(folder / "held.jsonl", folder)
    said = answers(found, nothing)
    table = weighed(found, said, cost={"coder": 4, "writer": 5, "giant": 20})
    assert table.cost.tolist() == [0.2, 0.25, 1.0]
    assert table.generalist == 2
    assert not table.strange.any()
    assert weighed(found, said, otherwise="coder").generalist == 0


def test_prompts_that_not_all_were_rated_on_are_left_out(folder: Path) -> None:
    found, _ = asked(folder / "held.jsonl", folder)
    found.ratings.scores[3, 1] = np.nan
    part, said = complete(found, answers(found, nothing))
    assert (len(part.ratings), len(said.taken), len(said.expected)) == (119, 119, 119)
    assert part.ratings.ids[3] == found.ratings.ids[4]
