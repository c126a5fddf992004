from pathlib import Path

import pytest

from coterie.cli.profile.naming import check_target, named
from coterie.errors import BadRequest


def test_a_name_is_what_is_said_else_the_files_else_the_usual() -> None:
    assert named("mine", Path("x.yaml"), "usual") == "mine"
    assert named(None, Path("my box.yaml"), "usual") == "my-box"
    assert named(None, Path("---.yaml"), "usual") == "usual"
    assert named(None, None, "usual") == "usual"


def test_what_is_no_name_is_told() -> None:
    with pytest.raises(BadRequest, match="`--name` is 'a/b'"):
        named("a/b", None, "usual")


def test_a_profile_is_written_as_yaml() -> None:
    check_target(Path("x.yml"))
    with pytest.raises(BadRequest, match=r"expected a name in \.yaml"):
        check_target(Path("x.json"))
