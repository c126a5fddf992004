"""The one document, decoded and checked. Pure: it takes bytes, and opens no file.

`decode` gives a whole Composition or every problem at once, `draft` what can be read and the
problems; `fit_problems` adds what footprints tell. Engines and weights are not
known here: `coterie check` asks them.
"""

from coterie.config.composition import (
    Composition,
    Journal,
    Key,
    Limits,
    SchedulerOptions,
    Tenant,
)
from coterie.config.decode import decode, draft
from coterie.config.finding import nearest
from coterie.config.fit import fit_problems
from coterie.config.schema import json_schema
from coterie.config.units import format_duration, format_size, parse_duration, parse_size

__all__ = [
    "Composition",
    "Journal",
    "Key",
    "Limits",
    "SchedulerOptions",
    "Tenant",
    "decode",
    "draft",
    "fit_problems",
    "format_duration",
    "format_size",
    "json_schema",
    "nearest",
    "parse_duration",
    "parse_size",
]
