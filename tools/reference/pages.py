"""Which files are made, and what has to be in each."""

import json
from pathlib import Path

from coterie.config import json_schema
from tools.reference.api import api_page
from tools.reference.commands import cli_page
from tools.reference.composition import composition_page
from tools.reference.errors import errors_page
from tools.reference.events import events_page

DOCS = Path(__file__).parents[2] / "docs"


def pages() -> dict[Path, str]:
    """Each file that is made, with its text."""
    return {
        DOCS / "reference" / "api.md": api_page(),
        DOCS / "reference" / "cli.md": cli_page(),
        DOCS / "reference" / "composition.md": composition_page(),
        DOCS / "reference" / "errors.md": errors_page(),
        DOCS / "reference" / "events.md": events_page(),
        DOCS / "composition.schema.json": json.dumps(json_schema(), indent=2) + "\n",
    }


def stale() -> dict[Path, str]:
    """Those whose file is absent or says something else."""
    return {
        path: text
        for path, text in pages().items()
        if not path.is_file() or path.read_text("utf-8") != text
    }
