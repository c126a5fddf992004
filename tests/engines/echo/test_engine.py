"""The echo engine shapes a world as its options say."""

from pathlib import Path
from typing import Any

import pytest

from coterie.engines import Launch
from coterie.engines.echo import create
from coterie.errors import LoadError
from coterie.types import Device, Expert, Header, Part, Weights

WEIGHTS = Weights("/w", "sha256:w", 7, Header("gguf"))


def expert(**options: Any) -> Expert:
    return Expert("e", engine="echo", options=options)


def launch(of: Expert) -> Launch:
    return Launch("e@n/d", 1, of, Device("d", hot=1), None, "")


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"load_s": 1, "token_s": 0.5, "hot": "1.5GiB", "fail_loads": 2}, {}),
        ({"hot": 4096}, {}),
        ({"lod_s": 1}, {"options.lod_s": "did you mean 'load_s'"}),
        ({"load_s": -1}, {"options.load_s": "at least 0"}),
        ({"token_s": "1"}, {"options.token_s": "expected seconds"}),
        ({"hot": "much"}, {"options.hot": "'much'"}),
        ({"hot": True}, {"options.hot": "whole number"}),
        ({"fail_loads": 1.5}, {"options.fail_loads": "whole number"}),
    ],
)
def test_problems_name_the_field(
    options: dict[str, Any], found: dict[str, str], tmp_path: Path
) -> None:
    problems = create(tmp_path).problems(expert(**options))
    assert list(problems) == list(found)
    assert all(found[path] in problems[path] for path in found)


@pytest.mark.parametrize(("hot", "size_bytes"), [("2KiB", 2048), (5, 5)])
def test_the_footprint_is_what_it_is_told(hot: Any, size_bytes: int, tmp_path: Path) -> None:
    footprint = create(tmp_path).footprint(expert(hot=hot), None)
    assert footprint.hot == (Part("private:e", size_bytes),)


def test_weights_are_a_part_of_their_own(tmp_path: Path) -> None:
    footprint = create(tmp_path).footprint(expert(hot=1), WEIGHTS)
    assert footprint.hot == (Part("sha256:w", 7), Part("private:e", 1))


async def test_the_first_loads_fail_to_order(tmp_path: Path) -> None:
    engine = create(tmp_path)
    of = expert(fail_loads=2)
    for number in (1, 2):
        with pytest.raises(LoadError, match=f"'e@n/d' did not load: failure {number}"):
            await engine.start(launch(of))
    instance = await engine.start(launch(of))
    await instance.stop(0.0)


async def test_two_instances_have_two_secrets(tmp_path: Path) -> None:
    engine = create(tmp_path)
    one, two = [await engine.start(launch(expert())) for _ in range(2)]
    assert one.endpoint.headers != two.endpoint.headers
    assert one.endpoint.address != two.endpoint.address
    await one.stop(0.0)
    await two.stop(0.0)
