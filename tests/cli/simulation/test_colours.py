"""Colours are valid, and differ."""

import re
from itertools import pairwise

from coterie.cli.simulation.colours import colour, ink


def test_many_experts_have_colours_that_differ() -> None:
    found = [colour(place) for place in range(300)]
    assert all(re.fullmatch("#[0-9a-f]{6}", one) for one in found)
    assert len(set(found)) > 290
    assert all(one != other for one, other in pairwise(found))


def test_ink_is_read_on_its_ground() -> None:
    assert [ink(ground) for ground in ("#ffffff", "#ffdd00", "#101010", "#2020a0")] == [
        "#000000",
        "#000000",
        "#ffffff",
        "#ffffff",
    ]
