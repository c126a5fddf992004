"""The formats that there are, and which one a file's first line is of."""

import csv
from typing import Any

import msgspec

from coterie.errors import TraceInvalid
from coterie.workloads.formats import azure, servegen
from coterie.workloads.formats.azure import read_azure
from coterie.workloads.formats.format import Format
from coterie.workloads.formats.mooncake import read_mooncake
from coterie.workloads.formats.own import is_own, read_csv, read_jsonl
from coterie.workloads.formats.request_log import read_request_log
from coterie.workloads.formats.servegen import read_servegen
from coterie.workloads.lines import Lines

FORMATS = {
    one.name: one
    for one in (
        Format("csv", read_csv, False, True, "Coterie's own, as CSV"),
        Format("jsonl", read_jsonl, False, True, "Coterie's own, as JSON lines"),
        Format("requests", read_request_log, True, True, "a gateway's log of requests, JSON lines"),
        Format("azure", read_azure, True, False, "Azure's LLM inference traces"),
        Format("mooncake", read_mooncake, False, False, "Mooncake's traces"),
        Format("servegen", read_servegen, False, False, "the rates of a ServeGen client pool"),
    )
}


def named(name: str) -> Format:
    """Raises TraceInvalid."""
    found = FORMATS.get(name)
    if found is None:
        raise TraceInvalid(f"no format {name!r}: there are {', '.join(FORMATS)}")
    return found


def recognised(lines: Lines) -> Format:
    """The format by the first line that is not blank. Raises TraceInvalid."""
    first = lines.first().strip()
    if not first:
        raise TraceInvalid(f"{lines.name} holds no request: it is empty")
    return FORMATS[_of_object(first, lines) if first[0] in "{[" else _of_header(first, lines)]


def _of_object(first: str, lines: Lines) -> str:
    try:
        row = msgspec.json.decode(first)
    except msgspec.DecodeError as error:
        raise TraceInvalid(
            f"{lines}: not a JSON object: {error}; expected one a line (`jq -c .` writes them so)"
        ) from error
    if not isinstance(row, dict):
        raise TraceInvalid(
            f"{lines}: not a JSON object, but {_kind(row)}; expected an object a line "
            "(`jq -c '.[]'` writes an array so)"
        )
    if "type" in row and ("at" in row or row["type"] == "Snapshot"):
        raise TraceInvalid(
            f"{lines.name} is a journal of Coterie's: `coterie trace convert` makes a trace of it"
        )
    if "hash_ids" in row or ("input_length" in row and "output_length" in row):
        return "mooncake"
    return "jsonl" if is_own(row) else "requests"


def _of_header(first: str, lines: Lines) -> str:
    columns = [column.strip() for column in next(csv.reader([first]), [])]
    if is_own(columns):
        return "csv"
    if all(column in columns for column in azure.COLUMNS[:2]):
        return "azure"
    if all(column in columns for column in servegen.LENGTHS):
        raise TraceInvalid(
            f"{lines.name} is the lengths of a ServeGen pool: give the table of its rates instead"
        )
    if "rate_rps" in columns or "window_start_s" in columns:
        return "servegen"
    raise TraceInvalid(
        f"{lines}: no format has the columns {columns[:12]}; Coterie's own has arrival_s, "
        "expert, prompt_tokens, output_tokens; others are "
        + ", ".join(f"{one.name} ({one.summary})" for one in FORMATS.values())
    )


def _kind(value: Any) -> str:
    return "an array" if isinstance(value, list) else repr(value)[:20]
