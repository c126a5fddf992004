"""The one vocabulary: every event and action with its fields, from their types."""

from collections.abc import Iterator
from typing import Any, get_args

import msgspec

from coterie.scheduler.actions import Action
from coterie.scheduler.events import Event
from tools.reference.markdown import code, page, said, table, value

INTRODUCTION = """
An **event** says what happened and carries `at`. An **action** says what to do about it; it has no
time of its own, because it follows at once from the event before it. These are the lines of the
journal, of `coterie events --json` and of `GET /admin/events`: one JSON object a line, its kind in
`type`, fields that have their default included.

```json
{"type":"Unload","replica":"a@local/ram","generation":4,"reason":"room for 'b'","force":false}
```

A journal segment begins with a line of type `Snapshot`: all that the scheduler knew then. A
follower that reads too slowly gets `{"type":"Lost","lines":N}` in place of the lines that it
missed.

Names: a device is `node/device`, a replica `expert@node/device`. Times are seconds, `at`, `since`
and `deadline` since the epoch; sizes are bytes.
"""

MEANINGS = {
    "at": "when it happened",
    "attempt": "0 for the first; how often the request lost its replica before",
    "budget": "the latency that it may cost: `ttft`, `tpot`, `e2e` in seconds; 0: no bound",
    "code": "the error's [code](errors.md)",
    "deadline": "when the load is given up",
    "device": "the device",
    "devices": "where it may run; empty: anywhere",
    "eta_s": "expected time until such a request could start, where that is known",
    "expert": "the expert",
    "fallbacks": "experts that may answer in place of the one that is named",
    "fetch_s": "how long the weights took to come",
    "first_byte_s": "from the dispatch to the first byte of the answer",
    "footprint": "bytes by part, `hot` on the device and `warm` in host memory",
    "force": "whether it is killed rather than asked",
    "generation": "which life of the replica; an answer about another one is dropped",
    "host_bytes": "the node's host memory for weights; 0: no bound",
    "hot": "bytes by part, as measured",
    "hot_bytes": "the device's budget",
    "idle_ttl_s": "it is unloaded after so long without a request; 0: never",
    "load_s": "how long the load took",
    "restored_tokens": "tokens of prompts that it found in its kept KV cache",
    "loading_s": "how long the request waited for a replica to be there",
    "node": "the node",
    "ok": "whether it was answered",
    "output_tokens": "tokens of the answer, or the most that are asked for; 0 where not known",
    "parallel_loads": "replicas that may load at once",
    "parallel_prefills": "requests whose prompts may be computed at the same time; 0: no bound",
    "parallel_runs": "replicas that may run requests at the same time; 0: no bound",
    "pinned": "whether it stays hot",
    "preload": "whether it is loaded at the start",
    "priority": "`interactive`, `standard` or `batch`",
    "prompt_bytes": "size of the request's body, by which its prompt is judged; 0: not known",
    "prompt_tokens": "tokens of the prompt; 0 where not known",
    "queued_s": "how long it waited for a free slot or a turn",
    "read_bytes": "bytes of weights that were not in host memory before",
    "reason": "why, in words",
    "replica": "the replica",
    "replicas": "the most replicas it may have",
    "request": "the request, as in `x-coterie-request`",
    "retry_after_s": "when to try again",
    "retryable": "whether another try may help",
    "run_s": "from the dispatch to the end of the answer",
    "running": "each replica that holds memory, with its generation",
    "since": "when the request's first attempt arrived",
    "slots": "requests that a replica serves at once",
    "stage_s": "how long reading ahead took",
    "tenant": "whose request it is",
    "weight": "its share of a machine that several want more of than there is",
    "source": "who says so: `client` or `flow`",
    "unload_s": "how long its end took",
}


def kinds(union: Any) -> tuple[type[msgspec.Struct], ...]:
    """The types of the vocabulary, in the order of their declaration."""
    return tuple(get_args(union))


def events_page() -> str:
    """`events.md`."""
    return page(
        "Events and actions",
        INTRODUCTION,
        "## Events",
        *_sections(kinds(Event)),
        "## Actions",
        *_sections(kinds(Action)),
    )


def _sections(structs: tuple[type[msgspec.Struct], ...]) -> Iterator[str]:
    for struct in structs:
        yield f"### {struct.__name__}"
        if struct.__doc__:
            yield said(struct)
        yield table(("field", "default", "what it is"), map(_row, msgspec.structs.fields(struct)))


def _row(field: msgspec.structs.FieldInfo) -> tuple[str, str, str]:
    default = "" if field.required else value(msgspec.to_builtins(field.default))
    return code(field.encode_name), default, MEANINGS[field.encode_name]
