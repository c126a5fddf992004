"""The HTTP reference: a template written by hand, with the tables that types can give filled in."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from coterie import errors
from coterie.errors import CoterieError
from coterie.router.decision import Decision
from coterie.router.utility import Candidate
from coterie.scheduler.status import (
    Attainment,
    DeviceStatus,
    ExpertStatus,
    Explanation,
    TenantStatus,
)
from tools.reference.errors import classes
from tools.reference.markdown import NOTICE, code, table

TEMPLATE = Path(__file__).with_name("api.md")

EXPERT = {
    "name": "its name",
    "phase": "`absent`, `fetching`, `failed`, `cold`, `loading`, `hot`, `draining` or `unloading`",
    "tier": "where its bytes are: `remote`, `cold` (local disk) or `hot` (device memory)",
    "devices": "the devices of its replicas",
    "estimated_bytes": "hot bytes of a replica, as estimated from its weights' header",
    "measured_bytes": "the most that a replica was seen to take; 0 before the first measurement",
    "waiting": "requests that wait",
    "running": "requests that run",
    "slots": "requests that a replica serves at once",
    "last_used_at": "when a request was last given or took its place; 0: never",
    "loads": "loads that were begun",
    "restored_tokens": "tokens of prompts that loads found in a kept KV cache",
    "evictions": "times it made room for another",
    "failures": "failures in a row",
    "pinned": "whether it stays hot",
    "eta_s": "seconds until a new request could start; null where that cannot be said",
    "load_s": "seconds that a load is expected to take",
    "reason": "of the last failure",
    "kept": "an account of the latency budgets of those who asked for it",
    "foresight": "what came of hints that it would be asked for: `hints`, `loads` ahead, `hits` "
    "among them, and `wasted_bytes` of those that went unused",
}
TENANT = {
    "name": "its name",
    "weight": "its share is so much of the weights of all who want more than there is",
    "spent_s": "seconds of the machine that prompts, tokens and loads of its requests took",
    "waiting": "its requests that wait",
    "kept": "an account of its latency budgets",
}
KEPT = {
    "met": "answered within their budget",
    "missed": "answered, but later",
    "refused": "told that it could not be met",
    "failed": "not answered for another reason",
    "degraded": "of those that were answered, how many by a fallback",
    "predicted": "first tokens whose 90th percentile was predicted",
    "within_p90": "of these, how many came within it: nine in ten where predictions are right",
}
DEVICE = {
    "device": "`node/device`",
    "node": "its node",
    "hot_bytes": "its budget",
    "used_bytes": "what the ledger holds of it, loading and unloading replicas included",
    "replicas": "who is there",
    "loading": "how many of them load",
    "thrash": "null, or an alarm: `experts` that chase each other out of it, `returns` of the last "
    "minute (loads of what had just been evicted), and `more_bytes` that would hold all of them",
}
EXPLANATION = {
    "subject": "what was asked for",
    "kind": "`expert` or `request`",
    "state": "the expert's phase; of a request `waiting`, `running`, `answered`, `refused`, `lost`",
    "lines": "the reasons, in words",
}
DECISION = {
    "route": "the route's name",
    "expert": "the expert or flow that would answer",
    "category": "the category of the prompt, where one is known; `other`: it is like none",
    "confidence": "how certain the category is, from 0 to 1; 1 where a rule decided",
    "scores": "the quality expected of the best three who may answer, where anything says so",
    "reason": "why, in words; `default: …` where nothing but the generalist was left",
    "considered": "all who may be chosen",
}
CANDIDATE = {
    "expert": "its name",
    "quality": "expected: by learned scores, examples, and points of rules",
    "cost": "as a part of the dearest one's, from 0 to 1",
    "seconds": "until it would have answered: to the first token of a stream, else to the end",
    "resident": "whether it is in memory",
    "utility": "quality less what cost and time take off it, by the route's `economy`",
    "excluded": "why it may not answer; empty: it may",
}


def api_page() -> str:
    """`api.md`."""
    text = TEMPLATE.read_text("utf-8")
    for name, made in _parts().items():
        mark = "{{" + name + "}}"
        assert mark in text, f"the template has no {mark}"
        text = text.replace(mark, made)
    return f"{NOTICE}\n\n{text}"


def _parts() -> dict[str, str]:
    return {
        "expert": _fields(ExpertStatus, EXPERT),
        "device": _fields(DeviceStatus, DEVICE),
        "tenant": _fields(TenantStatus, TENANT),
        "kept": _fields(Attainment, KEPT),
        "explanation": _fields(Explanation, EXPLANATION),
        "decision": _fields(Decision, DECISION),
        "candidate": _fields(Candidate, CANDIDATE),
        "codes": _codes(),
    }


def _fields(struct: type[msgspec.Struct], meanings: Mapping[str, str]) -> str:
    names = [field.encode_name for field in msgspec.structs.fields(struct)]
    assert set(meanings) <= set(names), "a meaning of no field"
    return table(("field", "what it is"), [(code(name), meanings[name]) for name in names])


def _codes() -> str:
    """Codes by status: those that a client of the HTTP interface can meet."""
    found: dict[int, list[str]] = {}
    for kind in _met():
        codes = found.setdefault(kind.status, [])
        if kind.code not in codes:
            codes.append(kind.code)
    rows = [(str(status), ", ".join(map(code, found[status]))) for status in sorted(found)]
    return table(("status", "`code`"), rows)


def _met() -> list[type[CoterieError]]:
    roots = (errors.RequestError, errors.Refused, errors.WorkerLost)
    return [CoterieError, *(kind for root in roots for kind in classes(root))]
