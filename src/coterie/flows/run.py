"""Runs a flow: asks its stages in their order, combines what they say, and hands the last question
back where its answer is to be streamed.

How an expert is asked is the caller's matter (`Party`): here is neither a socket nor a clock.
"""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Literal, Protocol

from msgspec import Struct, field

from coterie.config.flow import Accept, Flow, Stage
from coterie.errors import CoterieError
from coterie.flows.prompts import (
    Message,
    filled,
    is_accepted,
    items,
    last_text,
    merged,
    numbered,
    question,
    voted,
)

AT_ONCE = 8


Role = Literal["last", "part", "aside"]
"""Whose words are the answer: all of it, and nothing comes after; some of it, perhaps; nobody's."""


class Call(Struct, frozen=True):
    """One question to an expert. `parts`: the stages that are still to come, this one included,
    among which what is left of the budget is shared; `then`: the expert that is asked next, and may
    be made ready once this question is being answered. What the client said of its answer, such as
    `max_tokens`, holds for all but asides.
    """

    stage: str
    expert: str
    messages: Sequence[Message]
    fields: Mapping[str, Any]
    parts: int = 1
    role: Role = "aside"
    confidence: bool = False
    then: str = ""


class Reply(Struct, frozen=True):
    """What an expert said. `message` is the whole of it, as its engine has it; `confidence`: the
    geometric mean of its tokens' probabilities.
    """

    text: str
    prompt_tokens: int = 0
    output_tokens: int = 0
    confidence: float | None = None
    finish: str = "stop"
    message: Mapping[str, Any] = {}


class Timing(Struct, frozen=True):
    """How long a stage took."""

    stage: str
    expert: str
    run_s: float


class Told(Struct):
    """What a flow came to, and what its stages took."""

    reply: Reply = Reply("")
    timings: list[Timing] = field(default_factory=list)
    prompt_tokens: int = 0
    output_tokens: int = 0


class Left(Struct):
    """The last question, for the caller to ask and to stream, after these stages."""

    call: Call
    timings: list[Timing]


class Party(Protocol):
    """Who asks experts."""

    async def ask(self, call: Call) -> Reply:
        """Raises CoterieError."""
        ...

    def now(self) -> float: ...


async def run(
    flow: Flow,
    flows: Mapping[str, Flow],
    messages: Sequence[Message],
    party: Party,
    *,
    streams: bool,
) -> Told | Left:
    """Answers a conversation with a flow; `streams`: leaves the last question to the caller, where
    one expert's words are the answer. Raises CoterieError, which names the stage that failed.
    """
    running = _Running(flows, party, streams)
    end = await running.flow(flow, messages, 1, "last")
    if isinstance(end, Call):
        return Left(end, running.told.timings)
    running.told.reply = end
    return running.told


class _Running:
    """One run: what it has taken so far."""

    def __init__(self, flows: Mapping[str, Flow], party: Party, streams: bool) -> None:
        self._flows = flows
        self._party = party
        self._streams = streams
        self.told = Told()

    async def flow(
        self, flow: Flow, messages: Sequence[Message], parts: int, role: Role
    ) -> Reply | Call:
        """The answer, or the question that is left. `parts` and `role`: of its last stage."""
        try:
            match flow.kind:
                case "chain":
                    return await self._chain(flow, messages, parts, role)
                case "cascade":
                    return await self._cascade(flow, messages, parts, role)
                case "parallel":
                    return await self._parallel(flow, messages, parts, role)
                case "map":
                    return await self._map(flow, messages, parts, role)
        except CoterieError:
            if not flow.fallback:
                raise
        stage = Stage(flow.fallback, name="fallback")
        return await self._stage(flow, stage, messages, parts, role)

    async def _chain(
        self, flow: Flow, messages: Sequence[Message], parts: int, role: Role
    ) -> Reply | Call:
        values = {"input": last_text(messages)}
        *before, last = flow.stages
        asked = messages
        for index, stage in enumerate(before):
            then = self._first(flow.stages[index + 1])
            left = parts + len(before) - index
            asked = _asked(stage, values, asked)
            said = (await self._reply(flow, stage, asked, left, "aside", then)).text
            values["previous"] = said
            if stage.name:
                values[stage.name] = said
            asked = _said(said)
        return await self._stage(flow, last, _asked(last, values, asked), parts, role)

    async def _cascade(
        self, flow: Flow, messages: Sequence[Message], parts: int, role: Role
    ) -> Reply | Call:
        """A stage that fails has not answered well enough."""
        text = last_text(messages)
        *tried, last = flow.stages
        for index, stage in enumerate(tried):
            left = parts + len(tried) - index
            asked = _asked(stage, {"input": text}, messages)
            try:
                reply = await self._reply(flow, stage, asked, left, _part(role))
                if await self._is_good(flow, stage.accept, text, reply, left):
                    return reply
            except CoterieError:
                continue
        return await self._stage(flow, last, _asked(last, {"input": text}, messages), parts, role)

    async def _is_good(
        self, flow: Flow, accept: Accept, text: str, reply: Reply, parts: int
    ) -> bool:
        if not is_accepted(accept, reply.text, reply.confidence):
            return False
        if not accept.judge:
            return True
        judge = Stage(accept.judge, name="judge", fields={"max_tokens": 8, "temperature": 0})
        said = await self._reply(flow, judge, _said(question(text, reply.text)), parts, "aside")
        return said.text.strip().lower().startswith("yes")

    async def _parallel(
        self, flow: Flow, messages: Sequence[Message], parts: int, role: Role
    ) -> Reply | Call:
        values = {"input": last_text(messages)}
        judged = flow.combine == "judge"
        voices = flow.stages[:-1] if judged else flow.stages
        voice: Role = "aside" if judged else _part(role)
        replies = await self._together(
            [
                self._reply(flow, stage, _asked(stage, values, messages), parts + judged, voice)
                for stage in voices
            ]
        )
        return await self._combined(flow, values, replies, parts, role)

    async def _map(
        self, flow: Flow, messages: Sequence[Message], parts: int, role: Role
    ) -> Reply | Call:
        values = {"input": last_text(messages)}
        stage = flow.stages[0]
        judged = flow.combine == "judge"
        voice: Role = "aside" if judged else _part(role)
        places = asyncio.Semaphore(AT_ONCE)

        async def one(item: str) -> Reply:
            async with places:
                asked = _asked(stage, {**values, "item": item}, _said(item))
                return await self._reply(flow, stage, asked, parts + judged, voice)

        replies = await self._together([one(item) for item in items(values["input"], flow.split)])
        return await self._combined(flow, values, replies, parts, role)

    async def _combined(
        self, flow: Flow, values: dict[str, str], replies: list[Reply], parts: int, role: Role
    ) -> Reply | Call:
        answers = [reply.text for reply in replies]
        match flow.combine:
            case "merge":
                cut = any(reply.finish == "length" for reply in replies)
                return Reply(merged(answers), finish="length" if cut else "stop")
            case "vote":
                return replies[voted(answers)]
            case "judge":
                judge = flow.stages[-1]
                values["answers"] = numbered(answers)
                given = f"{values['input']}\n\n{values['answers']}"
                asked = _asked(judge, values, _said(given))
                return await self._stage(flow, judge, asked, parts, role)

    async def _stage(
        self, flow: Flow, stage: Stage, messages: Sequence[Message], parts: int, role: Role
    ) -> Reply | Call:
        """A stage's answer; the question instead, where it is the last one of a stream."""
        inner = self._flows.get(stage.expert)
        if inner is not None:
            return await self.flow(inner, messages, parts, role)
        if role == "last" and self._streams:
            return _call(stage, messages, parts, role)
        return await self._reply(flow, stage, messages, parts, role)

    async def _reply(
        self,
        flow: Flow,
        stage: Stage,
        messages: Sequence[Message],
        parts: int,
        role: Role,
        then: str = "",
    ) -> Reply:
        """A stage's answer, whole. Raises CoterieError, which names the stage."""
        inner = self._flows.get(stage.expert)
        if inner is not None:
            answer = await self.flow(inner, messages, parts, role)
            assert isinstance(answer, Reply), "nobody streams the middle of a flow"
            return answer
        call = _call(stage, messages, parts, role, then)
        began = self._party.now()
        try:
            reply = await self._party.ask(call)
        except CoterieError as error:
            error.args = (f"stage {call.stage!r} of flow {flow.name!r}: {error}",)
            raise
        told = self.told
        told.timings.append(Timing(call.stage, stage.expert, self._party.now() - began))
        told.prompt_tokens += reply.prompt_tokens
        told.output_tokens += reply.output_tokens
        return reply

    async def _together(self, replies: Sequence[Awaitable[Reply]]) -> list[Reply]:
        """All of them; the first that fails ends the others."""
        tasks = [asyncio.ensure_future(reply) for reply in replies]
        try:
            return list(await asyncio.gather(*tasks))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _first(self, stage: Stage) -> str:
        """The expert that is asked first where a stage begins; of flows in flows, the inmost."""
        inner = self._flows.get(stage.expert)
        return stage.expert if inner is None else self._first(inner.stages[0])


def _call(
    stage: Stage, messages: Sequence[Message], parts: int, role: Role, then: str = ""
) -> Call:
    return Call(
        stage=stage.name or stage.expert,
        expert=stage.expert,
        messages=messages,
        fields=stage.fields,
        parts=parts,
        role=role,
        confidence=stage.accept.confidence > 0,
        then=then,
    )


def _part(role: Role) -> Role:
    """Of a stage whose words may be those of one in this role, though others may come after."""
    return "aside" if role == "aside" else "part"


def _said(text: str) -> list[Message]:
    return [{"role": "user", "content": text}]


def _asked(
    stage: Stage, values: Mapping[str, str], otherwise: Sequence[Message]
) -> Sequence[Message]:
    """What a stage is asked: its prompt filled in, or without one what it would be anyway."""
    return _said(filled(stage.prompt, values)) if stage.prompt else otherwise
