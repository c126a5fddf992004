import json
from pathlib import Path
from typing import Any

import pytest

from coterie.cli.route.costs import checked, read_costs, read_seconds
from coterie.errors import BadRequest

COMPOSITION = """
nodes: [{name: local, devices: [{name: ram, hot: 1MiB}]}]
experts:
- {name: coder, engine: echo, cost: 2.5, aliases: [programmer]}
- {name: writer, engine: echo}
"""


def written(folder: Path, value: Any, name: str = "costs.json") -> Path:
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def test_a_list_says_it_by_the_first_key_it_has(tmp_path: Path) -> None:
    listed = [
        {"name": "a", "cost": 3, "active_params_b": 7, "answer_s": 1.5},
        {"name": "b", "params_b": 8, "active_params_b": None},
        {"name": "c", "params_b": None},
    ]
    assert read_costs(written(tmp_path, listed)) == {"a": 3.0, "b": 8.0}
    assert read_seconds(written(tmp_path, listed)) == {"a": 1.5}


def test_an_object_has_a_number_for_each(tmp_path: Path) -> None:
    assert read_costs(written(tmp_path, {"a": 1, "b": 2.5})) == {"a": 1.0, "b": 2.5}


def test_a_composition_says_what_its_experts_cost(tmp_path: Path) -> None:
    path = written(tmp_path, COMPOSITION, "my.yaml")
    assert read_costs(path) == {"coder": 2.5, "programmer": 2.5}
    with pytest.raises(BadRequest, match="is a composition, which does not say it"):
        read_seconds(path)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([{"name": "a"}], "has no 'cost', 'active_params_b', 'params_b'"),
        ([["a", 1]], r"\[0\]: expected an object with a `name`"),
        ([{"name": "a", "cost": 0}], "that of 'a' is 0: expected a number above 0"),
        ([{"name": "a", "cost": True}], "is True: expected a number"),
        ({"a": "much"}, "that of 'a' is 'much'"),
        ("[1,", "this is not JSON"),
        ("3", "expected a number for each expert"),
    ],
)
def test_what_says_nothing_is_refused(tmp_path: Path, value: Any, told: str) -> None:
    with pytest.raises(BadRequest, match=told):
        read_costs(written(tmp_path, value))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="cannot be read: No such file"):
        read_costs(tmp_path / "none.json")


def test_each_expert_needs_one() -> None:
    assert checked("costs", {"a": 1.0, "b": 2.0}, ("a",), Path("x")) == {"a": 1.0}
    with pytest.raises(BadRequest, match="`--costs`: x has none of b, c"):
        checked("costs", {"a": 1.0}, ("a", "b", "c"), Path("x"))
