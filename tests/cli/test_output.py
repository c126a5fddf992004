import json

import pytest
from msgspec import Struct

from coterie.cli.output import print_json


class Thing(Struct):
    name: str
    bytes: int


def test_json_is_one_indented_document_in_declared_order(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_json({"z": [Thing("hélène", 1)], "a": None})
    said = capsys.readouterr().out
    assert json.loads(said) == {"z": [{"name": "hélène", "bytes": 1}], "a": None}
    assert said.splitlines()[1] == '  "z": ['
    assert "hélène" in said
