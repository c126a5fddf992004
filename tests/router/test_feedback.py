"""Ratings on disk, as the fitting of a router reads them."""

import json
import resource
from pathlib import Path

import pytest

from coterie.router.feedback import Asked, Feedback
from coterie.router.ratings import read_ratings

ASKED = Asked("why is the sky blue?", "physics", "a", "team")


def test_a_rated_prompt_becomes_a_row_that_can_be_fitted_to(tmp_path: Path) -> None:
    feedback = Feedback(tmp_path / "routes", "auto")
    feedback.remember("r1", ASKED)
    feedback.remember("r2", Asked("2 + 2\n?", "", "b"))
    assert not (tmp_path / "routes").exists()
    feedback.rate("r1", 0.5)
    feedback.rate("r2", 1.0)
    ratings = read_ratings([feedback.path])
    assert ratings.ids == ("r1", "r2")
    assert ratings.prompts == (ASKED.prompt, "2 + 2\n?")
    assert ratings.categories == ("physics", "")
    assert ratings.experts == ("a", "b")
    assert ratings.scores[0, 0] == 0.5


def test_a_request_is_rated_once_and_by_its_own_tenant(tmp_path: Path) -> None:
    feedback = Feedback(tmp_path, "auto")
    feedback.remember("r1", ASKED)
    assert not feedback.knows("r1", "other")
    assert feedback.knows("r1", "team")
    feedback.rate("r1", 0.0)
    assert not feedback.knows("r1", "team")


def test_the_memory_of_prompts_is_bounded(tmp_path: Path) -> None:
    feedback = Feedback(tmp_path, "auto", most=2)
    for i in range(3):
        feedback.remember(f"r{i}", ASKED)
    assert len(feedback) == 2
    assert not feedback.knows("r0", "team")


def test_full_files_are_kept_up_to_a_number(tmp_path: Path) -> None:
    feedback = Feedback(tmp_path, "auto", segment_bytes=200)
    for i in range(20):
        feedback.remember(f"r{i}", ASKED)
        feedback.rate(f"r{i}", 1.0)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["auto.jsonl", *(f"auto~{i}.jsonl" for i in range(1, 5))]
    assert all(path.stat().st_size <= 200 for path in tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a/b:c", "..", "auto"])
def test_any_name_of_a_route_is_a_file_in_the_folder(tmp_path: Path, name: str) -> None:
    feedback = Feedback(tmp_path / "routes", name)
    feedback.remember("r1", ASKED)
    feedback.rate("r1", 1.0)
    assert feedback.path.resolve().parent == (tmp_path / "routes").resolve()


def test_what_a_crash_left_of_a_line_is_taken_off(tmp_path: Path) -> None:
    feedback = Feedback(tmp_path, "auto")
    feedback.path.write_text('{"id": "old", "prompt": "x", "scores": {"a": 1}}\n{"id": "torn')
    feedback.remember("r1", ASKED)
    feedback.rate("r1", 1.0)
    rows = [json.loads(line) for line in feedback.path.read_text().splitlines()]
    assert [row["id"] for row in rows] == ["old", "r1"]


def test_a_line_that_the_disk_has_no_room_for_leaves_nothing(tmp_path: Path) -> None:
    feedback = Feedback(tmp_path, "auto")
    for name in ("r1", "r2"):
        feedback.remember(name, ASKED)
    feedback.rate("r1", 1.0)
    before = feedback.path.read_bytes()
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, usual[1]))
    try:
        with pytest.raises(OSError, match="No space left on device"):
            feedback.rate("r2", 1.0)  # of which ten bytes are written
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert feedback.path.read_bytes() == before
    assert feedback.knows("r2", "team")
    feedback.rate("r2", 1.0)
    assert read_ratings([feedback.path]).ids == ("r1", "r2")


def test_full_files_of_one_route_are_no_other_routes_file(tmp_path: Path) -> None:
    one, other = (Feedback(tmp_path, name, segment_bytes=200) for name in ("auto", "auto.1"))
    other.remember("kept", ASKED)
    other.rate("kept", 1.0)
    for i in range(20):
        one.remember(f"r{i}", ASKED)
        one.rate(f"r{i}", 1.0)
    assert read_ratings([other.path]).ids == ("kept",)


def test_long_prompts_are_forgotten_sooner(tmp_path: Path) -> None:
    feedback = Feedback(tmp_path, "auto", most_characters=100)
    for i in range(4):
        feedback.remember(f"r{i}", Asked("x" * 40, "", "a"))
    assert [feedback.knows(f"r{i}", "") for i in range(4)] == [False, False, True, True]
    feedback.rate("r2", 1.0)
    feedback.remember("r4", Asked("x" * 60, "", "a"))
    assert [feedback.knows(f"r{i}", "") for i in (3, 4)] == [True, True]
    feedback.remember("r5", Asked("x" * 101, "", "a"))
    assert len(feedback) == 0
