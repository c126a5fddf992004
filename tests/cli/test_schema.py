import json

import jsonschema
import pytest

from coterie.cli.schema import schema


def test_the_schema_is_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    schema()
    printed = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(printed)
    assert "experts" in printed["$defs"]["Composition"]["properties"]
