"""Logs of requests as OpenAI-compatible gateways write them, a JSON object a line.

There is no standard, so names are looked for where gateways put them (`FIELDS`): at the top, or in
`request`, `response` and the like (`WITHIN`), which may also be JSON in a string. The first that is
there counts. A request that failed and has no usage is passed over, and counted.
"""

from collections.abc import Iterator, Mapping, Sequence
from sys import intern
from typing import Any

import msgspec

from coterie.errors import TraceInvalid
from coterie.workloads import cells
from coterie.workloads.formats.format import TraceOptions
from coterie.workloads.lines import Lines
from coterie.workloads.requests import Arrival
from coterie.workloads.stamps import Stamps

WITHIN = (
    *("standard_logging_object", "request", "request_body", "requestBody", "providerRequest"),
    *("payload", "data", "attributes", "properties", "event", "log", "body", "json"),
    *("response", "response_body", "responseBody", "providerResponse", "metadata"),
)
FIELDS = {
    "time": (
        *("startTime", "start_time", "request_time", "requestTime", "arrival_time"),
        *("timestamp", "@timestamp", "time", "ts", "datetime", "date"),
        *("created_at", "createdAt", "created"),
    ),
    "model": ("model_group", "model", "model_name", "modelName", "gen_ai.request.model"),
    "usage": ("usage", "token_usage", "tokenUsage"),
    "prompt": (
        *("prompt_tokens", "input_tokens", "promptTokens", "inputTokens"),
        *("num_prompt_tokens", "gen_ai.usage.input_tokens"),
    ),
    "output": (
        *("completion_tokens", "output_tokens", "completionTokens", "outputTokens"),
        *("num_generation_tokens", "num_generated_tokens", "gen_ai.usage.output_tokens"),
    ),
    "tenant": (
        *("tenant", "team_id", "team", "user_api_key_team_id", "organization"),
        *("user_api_key_alias", "user", "end_user", "user_id"),
    ),
    "session": ("session_id", "sessionId", "conversation_id", "thread_id", "chat_id", "session"),
}
DEPTH = 3
FAILED = ("failure", "failed", "error")


def read_request_log(lines: Lines, options: TraceOptions) -> Iterator[Arrival]:
    """Arrivals at seconds since 1970. Raises TraceInvalid."""
    stamps = Stamps()
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    for line in lines:
        if not line.strip():
            continue
        try:
            parts = _parts(decode(line))
        except msgspec.DecodeError as error:
            raise TraceInvalid(f"{lines}: not a JSON object: {error}") from error
        counts = _tokens(parts)
        if counts is None and _has_failed(parts):
            lines.remark("failed requests without usage")
            continue
        try:
            yield _arrival(parts, counts, stamps, lines)
        except _Incomplete as error:
            if not options.skip_incomplete:
                raise TraceInvalid(f"{lines}: {error}") from error
            lines.remark("incomplete lines")


class _Incomplete(Exception):
    """Something is not in a line at all, rather than wrong."""


def _arrival(
    parts: Sequence[cells.Row], counts: cells.Row | None, stamps: Stamps, place: object
) -> Arrival:
    time, moment = _found(parts, FIELDS["time"])
    if moment is None:
        raise _Incomplete(_lacking("time", "time"))
    column, model = _found(parts, FIELDS["model"])
    if model is None:
        raise _Incomplete(_lacking("model", "model"))
    if counts is None:
        raise _Incomplete(
            _lacking("tokens", "prompt")
            + "; a gateway counts those of streams where it sets stream_options.include_usage; "
            "--skip-incomplete passes over such lines"
        )
    tenant_column, tenant = _found(parts, FIELDS["tenant"])
    session_column, session = _found(parts, FIELDS["session"])
    _, urgency = _found(parts, ("priority",))
    return Arrival(
        stamps.seconds(moment, time, place),
        intern(cells.name({column: model}, column, place)),
        cells.tokens(counts, "prompt_tokens", place),
        cells.tokens(counts, "completion_tokens", place),
        intern(cells.text({tenant_column: tenant}, tenant_column, place)),
        cells.text({session_column: session}, session_column, place),
        # Other gateways' priorities are numbers of another meaning.
        cells.priority({"priority": urgency if urgency in cells.PRIORITIES else None}, place),
    )


def _parts(row: cells.Row, depth: int = DEPTH) -> list[cells.Row]:
    """A row, and the objects within it that gateways use, the most trusted first."""
    found = [row]
    if depth:
        for key in WITHIN:
            inner = row.get(key)
            if isinstance(inner, str) and inner[:1] == "{":
                inner = _decoded(inner)
            if isinstance(inner, Mapping):
                found += _parts(inner, depth - 1)
    return found


def _decoded(written: str) -> Any:
    try:
        return msgspec.json.decode(written)
    except msgspec.DecodeError:
        return None


def _found(parts: Sequence[cells.Row], names: Sequence[str]) -> tuple[str, Any]:
    """The first of the names that has a value, and the value; the names in order of preference."""
    for name in names:
        for part in parts:
            value = part.get(name)
            if value is not None and value != "" and not isinstance(value, Mapping | list):
                return name, value
    return names[0], None


def _tokens(parts: Sequence[cells.Row]) -> cells.Row | None:
    """Tokens in and out; None where none are told. Embeddings have no output."""
    usages = [part[name] for name in FIELDS["usage"] for part in parts if name in part]
    places = [usage for usage in usages if isinstance(usage, Mapping)] + list(parts)
    prompt, output = (_found(places, FIELDS[name])[1] for name in ("prompt", "output"))
    if prompt is None:
        return None
    return {"prompt_tokens": prompt, "completion_tokens": 0 if output is None else output}


def _has_failed(parts: Sequence[cells.Row]) -> bool:
    for part in parts:
        if part.get("error") or part.get("exception"):
            return True
        for name in ("status", "status_code", "statusCode"):
            status = part.get(name)
            if status in FAILED or (str(status).isdecimal() and int(str(status)) >= 400):
                return True
    return False


def _lacking(what: str, field: str) -> str:
    names = ", ".join(map(repr, FIELDS[field][:6]))
    return f"no {what}: looked for {names} and the like, also within 'request' and 'response'"
