"""Ratings as users have them, and what is told of those that cannot be."""

import gzip
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.errors import RatingsInvalid
from coterie.router.ratings import Ratings, read_ratings

NAN = float("nan")
ROWS: list[dict[str, Any]] = [
    {"id": "x", "prompt": "one", "category": "law", "scores": {"a": 0.5, "b": 1}},
    {"id": "y", "prompt": "two", "scores": {"b": 0, "a": None}},
]


def jsonl(path: Path, rows: Sequence[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def text(path: Path, lines: str) -> Path:
    path.write_text(lines, "utf-8")
    return path


def same(ratings: Ratings, scores: list[list[float]]) -> None:
    np.testing.assert_array_equal(ratings.scores, np.array(scores, dtype=np.float32))


def refused(*paths: Path) -> str:
    """What is told of these files: one line that names one of them."""
    with pytest.raises(RatingsInvalid) as caught:
        read_ratings(paths)
    told = str(caught.value)
    assert "\n" not in told
    assert any(str(path) in told for path in paths)
    return told


# What can be read.


def test_rows_of_json_have_an_object_of_scores(tmp_path: Path) -> None:
    ratings = read_ratings([jsonl(tmp_path / "r.jsonl", ROWS)])
    assert ratings.ids == ("x", "y")
    assert ratings.prompts == ("one", "two")
    assert ratings.categories == ("law", "")
    assert ratings.experts == ("a", "b")
    assert ratings.has_categories
    assert len(ratings) == 2
    same(ratings, [[0.5, 1], [NAN, 0]])


def test_rows_of_json_may_have_columns_of_scores(tmp_path: Path) -> None:
    rows = [{"prompt": "one", "score:a": 0.25, "label": 0}, {"prompt": "two", "score:b": "1"}]
    ratings = read_ratings([jsonl(tmp_path / "r.ndjson", rows)])
    assert ratings.experts == ("a", "b")
    assert ratings.categories == ("0", "")
    same(ratings, [[0.25, NAN], [NAN, 1]])


def test_csv_has_columns_of_scores_and_a_blank_is_not_measured(tmp_path: Path) -> None:
    path = text(
        tmp_path / "r.csv", 'prompt,domain,score:a,score:b\n"one, or\nmore",law,0.5,\n2,,1,0'
    )
    ratings = read_ratings([path])
    assert ratings.prompts == ("one, or\nmore", "2")
    assert ratings.categories == ("law", "")
    same(ratings, [[0.5, NAN], [1, 0]])


def test_a_byte_order_mark_and_blank_lines_are_nothing(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"prompt": "one", "score:a": 1}\n\n  \n{"prompt": "two"}\n')
    ratings = read_ratings([path])
    assert ratings.prompts == ("one", "two")
    same(ratings, [[1], [NAN]])


@pytest.mark.parametrize("name", ["r.jsonl.gz", "r.csv.gz"])
def test_files_may_be_gzipped(tmp_path: Path, name: str) -> None:
    lines = "prompt,score:a\none,1\n" if "csv" in name else '{"prompt": "one", "score:a": 1}\n'
    path = tmp_path / name
    path.write_bytes(gzip.compress(lines.encode()))
    ratings = read_ratings([path])
    assert ratings.prompts == ("one",)
    same(ratings, [[1]])


def test_parquet_has_either(tmp_path: Path) -> None:
    columns, nested = tmp_path / "c.parquet", tmp_path / "n.parquet"
    table = {"id": [7, 0], "prompt": ["one", "two"], "category": ["law", None]}
    parquet.write_table(pa.table({**table, "score:a": [0.5, None], "score:b": [1, 0]}), columns)
    scores = [{"a": 0.5, "b": 1.0}, {"a": None, "b": 0.0}]
    parquet.write_table(pa.table({**table, "scores": scores}), nested)
    for path in (columns, nested):
        ratings = read_ratings([path])
        assert ratings.ids == ("7", "0")
        assert ratings.categories == ("law", "")
        assert ratings.experts == ("a", "b")
        same(ratings, [[0.5, 1], [NAN, 0]])


def test_two_files_are_joined_by_id_whichever_comes_first(tmp_path: Path) -> None:
    rows = [{"id": name, "prompt": name * 2, "domain": "law"} for name in "xyz"]
    prompts = jsonl(tmp_path / "prompts.jsonl", rows)
    scores = text(tmp_path / "scores.csv", "id,a,b\nz,1,0.5\nx,0,\ny,,0.25\n")
    for paths in ([prompts, scores], [scores, prompts]):
        ratings = read_ratings(paths)
        assert ratings.prompts == ("xx", "yy", "zz")
        assert ratings.categories == ("law",) * 3
        assert ratings.experts == ("a", "b")
        same(ratings, [[0, NAN], [NAN, 0.25], [1, 0.5]])


def test_labels_alone_are_ratings_of_no_expert(tmp_path: Path) -> None:
    ratings = read_ratings([jsonl(tmp_path / "r.jsonl", [{"prompt": "one", "label": "law"}])])
    assert ratings.experts == ()
    assert ratings.scores.shape == (1, 0)


def test_prompts_may_be_megabytes_or_half_a_character(tmp_path: Path) -> None:
    rows = [{"prompt": "x" * 3_000_000, "score:a": 1}, {"prompt": "\ud800"}, {"prompt": ""}]
    ratings = read_ratings([jsonl(tmp_path / "r.jsonl", rows)])
    assert [len(prompt) for prompt in ratings.prompts] == [3_000_000, 1, 0]


def test_rows_and_experts_can_be_taken(tmp_path: Path) -> None:
    ratings = read_ratings([jsonl(tmp_path / "r.jsonl", ROWS)])
    turned = ratings.take([1, 0]).only(["b", "a"])
    assert turned.ids == ("y", "x")
    assert turned.categories == ("", "law")
    same(turned, [[0, NAN], [1, 0.5]])
    assert not ratings.take([1]).has_categories
    assert len(ratings.take(np.array([], dtype=np.int64))) == 0
    with pytest.raises(RatingsInvalid, match="expert 'c' has no scores: there are a, b"):
        ratings.only(["a", "c"])


# What cannot.


@pytest.mark.parametrize(
    "score",
    [NAN, float("inf"), -float("inf"), 2.0, -0.01, "x", "nan", "1,0", [1], {}, 10**400],
    ids=str,
)
def test_a_score_is_a_number_from_0_to_1(tmp_path: Path, score: Any) -> None:
    rows = [ROWS[1], {"prompt": "two", "scores": {"b": score}}]
    told = refused(jsonl(tmp_path / "r.jsonl", rows))
    assert "r.jsonl:2: the score of 'b' is" in told
    assert "expected a number from 0 to 1, or nothing" in told


@pytest.mark.parametrize("score", ["nan", "inf", "2", "good", "-1", "0;5"])
def test_so_it_is_in_csv(tmp_path: Path, score: str) -> None:
    told = refused(text(tmp_path / "r.csv", f"prompt,score:a\none,1\ntwo,{score}\n"))
    assert f"r.csv:3: the score of 'a' is {score!r}" in told


def test_so_it_is_in_parquet(tmp_path: Path) -> None:
    path = tmp_path / "r.parquet"
    parquet.write_table(pa.table({"prompt": ["one", "two"], "score:a": [1.0, NAN]}), path)
    assert "r.parquet:2: the score of 'a' is nan" in refused(path)


@pytest.mark.parametrize("prompt", [None, 3, ["one"]])
def test_a_row_has_a_prompt(tmp_path: Path, prompt: Any) -> None:
    told = refused(jsonl(tmp_path / "r.jsonl", [*ROWS, {"id": "z", "prompt": prompt}]))
    assert "r.jsonl:3: no `prompt`: each row needs one; there are 'id', 'prompt'" in told


def test_a_file_without_the_column_says_which_it_has(tmp_path: Path) -> None:
    told = refused(text(tmp_path / "r.csv", "question,score:a\none,1\n"))
    assert "r.csv:2: no `prompt`" in told
    assert "'question', 'score:a'" in told


def test_scores_are_an_object(tmp_path: Path) -> None:
    told = refused(jsonl(tmp_path / "r.jsonl", [{"prompt": "one", "scores": [1, 0]}]))
    assert "r.jsonl:1: `scores` is no object" in told


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({"scores": {"a": 1, "b\ud800": 1}}, r"the expert's name 'b\\ud800'"),
        ({"score:\udfff": ""}, r"the expert's name '\\udfff'"),
        ({"category": "\ud800x", "scores": {"a": 1}}, r"the category's name '\\ud800x'"),
        ({"label": ["\ud800x"], "scores": {"\ud83d": 1}}, r"the expert's name '\\ud83d'"),
    ],
)
def test_half_a_character_is_no_name(tmp_path: Path, row: dict[str, Any], what: str) -> None:
    path = jsonl(tmp_path / "r.jsonl", [*ROWS, {"id": "z", "prompt": "three", **row}])
    told = refused(path)
    assert told.startswith(f"{path}:3: ")
    assert re.search(what, told)


def test_an_expert_has_a_name(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "r.jsonl", [{"prompt": "one", "scores": {"a": 1, "": 0}}])
    assert refused(path).startswith(f"{path}:1: an expert has no name")
    path = text(tmp_path / "r.csv", "prompt,score:,score:a\none,1,1\n")
    assert refused(path).startswith(f"{path}:2: an expert has no name")


def test_of_two_files_the_one_that_is_wrong_is_named(tmp_path: Path) -> None:
    prompts = jsonl(tmp_path / "p.jsonl", [{"id": 1, "prompt": "one"}])
    for row, told in (
        ({"b\ud800": 1}, "the expert's name 'b\\ud800' has half a character"),
        ({"a": 7}, "the score of 'a' is 7: expected a number from 0 to 1"),
        ({"": 1}, "an expert has no name"),
    ):
        scores = jsonl(tmp_path / "s.jsonl", [{"id": 2, "a": 1}, {"id": 1, **row}])
        assert refused(prompts, scores).startswith(f"{scores}:2: {told}")


def test_an_id_is_there_once(tmp_path: Path) -> None:
    rows = [{"id": 1, "prompt": "one"}, {"prompt": "no id"}, {"id": "1", "prompt": "two"}]
    assert "r.jsonl:3: the id '1' was there before" in refused(jsonl(tmp_path / "r.jsonl", rows))


def test_ids_are_there_once_in_each_of_two_files(tmp_path: Path) -> None:
    once = [{"id": "x", "prompt": "one"}]
    prompts = jsonl(tmp_path / "p.jsonl", once)
    scores = text(tmp_path / "s.csv", "id,a\nx,1\nx,0\n")
    assert "s.csv:3: the id 'x' was there before" in refused(prompts, scores)
    prompts = jsonl(tmp_path / "p.jsonl", once * 2)
    scores = text(tmp_path / "s.csv", "id,a\nx,1\n")
    assert "p.jsonl:2: the id 'x' was there before" in refused(prompts, scores)


def test_two_files_agree_on_who_is_there(tmp_path: Path) -> None:
    prompts = jsonl(tmp_path / "p.jsonl", [{"id": name, "prompt": name} for name in "xy"])
    scores = text(tmp_path / "s.csv", "id,a\nx,1\n")
    told = refused(prompts, scores)
    assert "p.jsonl:2: the prompt 'y' has no scores in" in told
    assert "the files disagree" in told
    scores = text(tmp_path / "s.csv", "id,a\nx,1\ny,1\nz,0\n")
    told = refused(prompts, scores)
    assert "s.csv: 1 scores are of prompts that" in told
    assert "'z'" in told
    scores = text(tmp_path / "s.csv", "id,a\nx,1\n,0\n")
    assert "s.csv:3: no `id`" in refused(prompts, scores)


def test_an_expert_has_a_score(tmp_path: Path) -> None:
    told = refused(text(tmp_path / "r.csv", "prompt,score:a,score:b\none,1,\ntwo,0,\n"))
    assert "expert 'b' has no score at all: leave its column out" in told


@pytest.mark.parametrize(
    ("name", "content"),
    [("r.jsonl", b""), ("r.csv", b""), ("r.csv", b"prompt,score:a\n"), ("r.jsonl", b"\n \n")],
)
def test_there_are_rows(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert "no rows: expected prompts" in refused(tmp_path / name)


def test_there_are_prompts_to_scores(tmp_path: Path) -> None:
    prompts = jsonl(tmp_path / "p.jsonl", [])
    scores = text(tmp_path / "s.csv", "id,a\nx,1\n")
    assert "the files disagree" in refused(prompts, scores)
    assert "no rows" in refused(prompts, text(tmp_path / "s.csv", "id,a\n"))


@pytest.mark.parametrize("count", [0, 3])
def test_there_are_one_or_two_files(tmp_path: Path, count: int) -> None:
    with pytest.raises(RatingsInvalid, match=rf"{count} files; expected one, or one of prompts"):
        read_ratings([tmp_path / "r.jsonl"] * count)


@given(
    st.sampled_from([".jsonl", ".csv", ".jsonl.gz", ".parquet"]),
    st.binary(max_size=200)
    | st.text(max_size=100).map(lambda said: said.encode("utf-8", "ignore")),
)
def test_any_bytes_are_ratings_or_refused(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_bytes(content)
    try:
        ratings = read_ratings([path])
    except RatingsInvalid:
        return
    assert len(ratings) == len(ratings.ids) == len(ratings.categories) == len(ratings.scores) > 0
