"""Flows over HTTP: each question of a flow goes the way of any request, the last one to the client.

A flow's own request never reaches the scheduler; those of its stages do, named after it (`ID.1`,
`ID.2`), with what is left of its budget.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp
from typing import TYPE_CHECKING, Any

import msgspec

from coterie.config import Composition
from coterie.config.flow import Flow
from coterie.errors import BadRequest, BudgetExceeded, EngineError
from coterie.flows import Call, Left, Reply, Told, run
from coterie.gateway.beat import EVENT_STREAM, Beat
from coterie.gateway.captured import Captured
from coterie.gateway.catalogue import Catalogue
from coterie.gateway.control import Control
from coterie.gateway.reply import Reply as Sending
from coterie.types import NO_BUDGET, Budget, Terms

if TYPE_CHECKING:
    from coterie.gateway.relay import Relay

CHAT = "/v1/chat/completions"
STREAMING = ("stream", "stream_options")
OWN = ("model", "messages", "coterie", *STREAMING)


class Choice(msgspec.Struct, frozen=True):
    """What is read of an answer."""

    message: dict[str, Any] = {}
    finish_reason: str | None = None
    logprobs: dict[str, Any] | None = None


class Answer(msgspec.Struct, frozen=True):
    choices: list[Choice] = []
    usage: dict[str, Any] | None = None


_ANSWER = msgspec.json.Decoder(Answer)


class Flows:
    """Serves the flows of a composition."""

    def __init__(
        self, composition: Composition, control: Control, catalogue: Catalogue, relay: Relay
    ) -> None:
        self._flows = {flow.name: flow for flow in composition.flows}
        self._keepalive_s = composition.limits.keepalive
        self._control = control
        self._catalogue = catalogue
        self._relay = relay

    async def serve(
        self,
        flow: Flow,
        name: str,
        path: str,
        said: dict[str, Any],
        terms: Terms,
        reply: Sending,
        labels: bytes = b"",
    ) -> None:
        """Answers a chat, with further header fields `labels`. Raises what becomes the client's
        error, with the stage that failed.
        """
        if path != CHAT:
            raise BadRequest(f"a flow answers chats: POST {CHAT}", "model")
        messages = said.get("messages")
        if not isinstance(messages, list) or not all(isinstance(one, dict) for one in messages):
            raise BadRequest("`messages` is wrong: expected a list of messages", "messages")
        streams = bool(said.get("stream"))
        own = f"x-coterie-request: {name}\r\nx-coterie-flow: {flow.name}\r\n".encode() + labels
        reply.labels = own
        rest = {key: value for key, value in said.items() if key not in OWN}
        party = _Party(self._relay, self._control, self._catalogue, name, terms, rest)
        beat = (
            Beat(reply, self._catalogue, flow.stages[0].expert, self._keepalive_s)
            if streams
            else None
        )
        if beat is not None:
            beat.start()
        try:
            end = await run(flow, self._flows, messages, party, streams=streams)
            if isinstance(end, Left):
                streaming = {key: said[key] for key in STREAMING if key in said}
                await party.last(end.call, streaming, own + _times(end), reply, beat)
            else:
                reply.labels = own + _times(end)
                _send(reply, flow, name, said, end, self._control.now())
        finally:
            if beat is not None:
                beat.stop()


class _Party:
    """Asks for one request, whose client said the `rest` of its answer."""

    def __init__(
        self,
        relay: Relay,
        control: Control,
        catalogue: Catalogue,
        name: str,
        terms: Terms,
        rest: Mapping[str, Any],
    ) -> None:
        self._relay = relay
        self._control = control
        self._catalogue = catalogue
        self._name = name
        self._terms = terms
        self._rest = rest
        self._began_at = control.now()
        self._count = 0

    def now(self) -> float:
        return self._control.now()

    async def ask(self, call: Call) -> Reply:
        """One answer, whole. Raises CoterieError."""
        more = {"logprobs": True} if call.confidence else {}
        captured = Captured()
        fields = self._fields(call, more)
        body, terms = msgspec.json.encode(fields), self._share(call, fields)
        then = (self._catalogue.resolve(call.then).name,) if call.then else ()
        await self._relay.ask(self._named(), call.expert, CHAT, body, terms, captured, then=then)
        return _read(call, captured)

    async def last(
        self,
        call: Call,
        streaming: Mapping[str, Any],
        labels: bytes,
        reply: Sending,
        beat: Beat | None,
    ) -> None:
        """The flow's answer, streamed as it comes."""
        fields = self._fields(call, streaming)
        body, terms = msgspec.json.encode(fields), self._share(call, fields)
        await self._relay.ask(
            self._named(), call.expert, CHAT, body, terms, reply, labels=labels, beat=beat
        )

    def _named(self) -> str:
        self._count += 1
        return f"{self._name}.{self._count}"

    def _fields(self, call: Call, more: Mapping[str, Any]) -> dict[str, Any]:
        """The body of a question: what the client said goes before the document's fields."""
        expert = self._catalogue.resolve(call.expert)
        rest = {} if call.role == "aside" else self._rest
        own = {"model": expert.name, "messages": call.messages}
        return {**expert.defaults, **call.fields, **rest, **more, **own}

    def _share(self, call: Call, fields: Mapping[str, Any]) -> Terms:
        """A stage's part of what is left of the budget. Raises BudgetExceeded if nothing is."""
        expert = self._catalogue.resolve(call.expert)
        budget, passed = self._terms.budget, self.now() - self._began_at
        last = call.role == "last"
        ends = [bound for bound in (budget.ttft if last else 0.0, budget.e2e) if bound]
        if ends and passed >= min(ends):
            message = f"stage {call.stage!r} would begin {passed:.2f} s after the request came"
            raise BudgetExceeded(f"{message}: its budget is used up", retry_after_s=1.0)
        share = NO_BUDGET
        if budget.is_bounded:
            share = Budget(
                ttft=max(0.0, budget.ttft - passed) if last and budget.ttft else 0.0,
                tpot=budget.tpot if last else 0.0,
                e2e=(budget.e2e - passed) / max(1, call.parts) if budget.e2e else 0.0,
            )
        tokens = fields.get("max_completion_tokens") or fields.get("max_tokens")
        return msgspec.structs.replace(
            self._terms,
            budget=share,
            fallbacks=self._catalogue.permissions.of(self._terms.tenant, expert.fallbacks),
            output_tokens=tokens if isinstance(tokens, int) else 0,
        )


def _read(call: Call, captured: Captured) -> Reply:
    """What a stage said. Raises CoterieError where it was refused by its engine."""
    body = bytes(captured.body)
    if captured.status >= 400:
        document = msgspec.json.decode(body)
        message = str(document.get("error", {}).get("message", body[:200]))
        raise (BadRequest if captured.status < 500 else EngineError)(message)
    try:
        answer = _ANSWER.decode(body)
        choice = answer.choices[0]
    except (msgspec.DecodeError, IndexError) as error:
        raise EngineError(f"an answer that is no chat completion: {error}") from error
    usage = answer.usage or {}
    tokens = [
        one["logprob"] for one in (choice.logprobs or {}).get("content") or [] if "logprob" in one
    ]
    return Reply(
        text=str(choice.message.get("content") or ""),
        prompt_tokens=int(usage.get("prompt_tokens") or 0),
        output_tokens=int(usage.get("completion_tokens") or 0),
        confidence=exp(sum(tokens) / len(tokens)) if tokens else None,
        finish=choice.finish_reason or "stop",
        message=choice.message,
    )


def _times(end: Told | Left) -> bytes:
    """The header that says what each stage took."""
    said = ", ".join(
        f"{timing.stage}={timing.expert} {timing.run_s * 1e3:.0f}ms" for timing in end.timings
    )
    return f"x-coterie-stages: {said}\r\n".encode() if said else b""


def _send(
    reply: Sending, flow: Flow, name: str, said: Mapping[str, Any], told: Told, now: float
) -> None:
    """An answer that no single expert gave, in OpenAI's shape."""
    usage = {
        "prompt_tokens": told.prompt_tokens,
        "completion_tokens": told.output_tokens,
        "total_tokens": told.prompt_tokens + told.output_tokens,
    }
    message = told.reply.message or {"role": "assistant", "content": told.reply.text}
    head: dict[str, Any] = {"id": f"chatcmpl-{name}", "created": int(now), "model": flow.name}
    if not said.get("stream"):
        choice = {"index": 0, "message": message, "finish_reason": told.reply.finish}
        document = {**head, "object": "chat.completion", "choices": [choice], "usage": usage}
        reply.whole(200, b"", msgspec.json.encode(document))
        return
    head["object"] = "chat.completion.chunk"
    if not reply.begun:
        reply.begin(200, b"", EVENT_STREAM)
    delta = dict(message)
    if delta.get("tool_calls"):
        delta["tool_calls"] = [{"index": i} | c for i, c in enumerate(delta["tool_calls"])]
    chunks: list[dict[str, Any]] = [
        {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": told.reply.finish}]},
    ]
    options = said.get("stream_options")
    if isinstance(options, dict) and options.get("include_usage"):
        chunks.append({**head, "choices": [], "usage": usage})
    for chunk in chunks:
        reply.write(b"data: %b\n\n" % msgspec.json.encode(chunk))
    reply.write(b"data: [DONE]\n\n")
    reply.end()
