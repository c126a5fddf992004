"""`coterie schema`: what editors complete and check compositions by."""

import json

from coterie.config import json_schema


def schema() -> None:
    """Print the JSON schema of compositions.

    Example: coterie schema > composition.schema.json

    Then begin a document with
    `# yaml-language-server: $schema=./composition.schema.json`, and an editor with a YAML language
    server completes it, explains each field and marks what is wrong.
    """
    print(json.dumps(json_schema(), indent=2))
