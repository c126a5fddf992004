import json
from collections.abc import Callable
from typing import Any

from coterie.hardware.catalogue import names

Coterie = Callable[..., Any]


def test_each_profile_is_a_line(coterie: Coterie) -> None:
    said = coterie("profile", "list")
    assert said.code == 0
    title, *lines = said.out.splitlines()
    assert title.split()[:3] == ["profile", "devices", "hot"]
    assert [line.split()[0] for line in lines] == list(names())
    assert "8 x 64GB/s" in said.out


def test_as_json_each_is_whole(coterie: Coterie) -> None:
    found = json.loads(coterie("profile", "list", "--json").out)
    assert [one["name"] for one in found] == list(names())
    assert found[names().index("dgx-h100")]["links"]["count"] == 8
