"""Flows: one name for several experts that answer a request together; what must hold of them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from coterie.config.finding import Finding, Path, listed, nearest, shorten
from coterie.config.pattern import pattern_problem
from coterie.types import NO_BUDGET, Budget, Name

MOST_STAGES = 16
MOST_DEPTH = 4
NOT_FIELDS = ("model", "messages", "stream", "stream_options")
VARIABLE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_-]*)\}")

Label = Annotated[
    str,
    Meta(
        pattern=r"^([A-Za-z_][A-Za-z0-9_-]{0,63})?$",
        extra={"expected": "at most 64 letters, digits and _ -, first a letter"},
    ),
]


class Accept(Struct, frozen=True, forbid_unknown_fields=True):
    """When a stage of a cascade has answered well enough. All that is said must hold."""

    json: Annotated[bool, Meta(description="its answer is JSON")] = False
    pattern: Annotated[
        str,
        Meta(description="a regular expression, as RE2 has them, that is found in its answer"),
    ] = ""
    confidence: Annotated[
        int,
        Meta(
            ge=0,
            le=100,
            description="the least geometric mean of its tokens' probabilities, in percent",
        ),
    ] = 0
    judge: Annotated[
        str,
        Meta(description="an expert that is asked whether the answer is good, and says yes"),
    ] = ""


ANYTHING = Accept()


class Stage(Struct, frozen=True, forbid_unknown_fields=True):
    """An expert's part in a flow."""

    expert: Annotated[Name, Meta(description="the expert, or another flow")]
    name: Annotated[
        Label, Meta(description="a name by which prompts of later stages have its answer")
    ] = ""
    prompt: Annotated[
        str,
        Meta(
            description="what it is asked, with {input} (the last message), {previous} (the answer "
            "of the stage before), {NAME} (that of a named one), {item} (in a map) and {answers} "
            "(where it combines); empty: the conversation, or the answer of the stage before"
        ),
    ] = ""
    fields: Annotated[
        dict[str, Any],
        Meta(description="request fields of this stage, such as `max_tokens` or `temperature`"),
    ] = field(default_factory=dict)
    accept: Annotated[
        Accept, Meta(description="in a cascade: when its answer is taken; else the next is asked")
    ] = ANYTHING


class Flow(Struct, frozen=True, forbid_unknown_fields=True):
    """Several experts behind one name, as the document declares it."""

    name: Annotated[Name, Meta(description="what a request's `model` says to reach it")]
    kind: Annotated[
        Literal["chain", "cascade", "parallel", "map"],
        Meta(
            description="`chain`: each stage works on the answer of the one before; `cascade`: the "
            "first good answer is taken; `parallel`: all at once, combined; `map`: each item of a "
            "list, combined"
        ),
    ]
    stages: Annotated[
        tuple[Stage, ...],
        Meta(min_length=1, description=f"its parts, in order; at most {MOST_STAGES}"),
    ]
    combine: Annotated[
        Literal["merge", "vote", "judge"],
        Meta(
            description="of `parallel` and `map`: `merge` puts the answers one below the other, "
            "`vote` takes the most frequent, `judge` has the last stage write the answer"
        ),
    ] = "merge"
    split: Annotated[
        Literal["lines", "json"],
        Meta(description="of a `map`: the last message's lines, or the items of its JSON list"),
    ] = "lines"
    fallback: Annotated[
        str, Meta(description="the expert that answers if a stage fails; empty: none")
    ] = ""
    budget: Annotated[
        Budget, Meta(description="latency that its requests may cost, where they do not say")
    ] = NO_BUDGET


def flow_findings(flows: Sequence[Flow], experts: Sequence[str]) -> Iterator[Finding]:
    """Everything wrong with flows over these experts, as far as their names are concerned."""
    known = {flow.name: flow for flow in flows if flow.name}
    names = [*experts, *known]
    for i, flow in enumerate(flows):
        at: Path = ("flows", i)
        if len(flow.stages) > MOST_STAGES:
            yield Finding((*at, "stages"), f"{len(flow.stages)} stages; at most {MOST_STAGES}")
        yield from _kind(at, flow)
        yield from _named(((*at, "fallback"), flow.fallback), experts)
        for j, stage in enumerate(flow.stages):
            here = (*at, "stages", j)
            yield from _named(((*here, "expert"), stage.expert), names)
            yield from _named(((*here, "accept", "judge"), stage.accept.judge), experts)
            yield from _variables((*here, "prompt"), flow, j)
            for key in stage.fields:
                if key in NOT_FIELDS:
                    yield Finding(
                        (*here, "fields", key), f"the flow says {key!r} itself; remove it"
                    )
            pattern = stage.accept.pattern
            if pattern and (problem := pattern_problem(pattern)):
                yield Finding((*here, "accept", "pattern"), problem)
        circle = _circle(flow, known, ())
        if circle:
            shown = " → ".join(circle)
            yield Finding(
                (*at, "stages"), f"the flow comes back to itself: {shown}; break the circle"
            )
        elif _depth(flow, known) > MOST_DEPTH:
            yield Finding((*at, "stages"), f"flows in flows, more than {MOST_DEPTH} deep")


def _kind(at: Path, flow: Flow) -> Iterator[Finding]:
    combines = flow.kind in ("parallel", "map")
    if flow.combine != "merge" and not combines:
        yield Finding((*at, "combine"), f"a {flow.kind} has nothing to combine; remove it")
    if flow.kind == "map" and len(flow.stages) != 1 + (flow.combine == "judge"):
        expected = "two, the last to combine" if flow.combine == "judge" else "one"
        yield Finding((*at, "stages"), f"a map has {expected}, not {len(flow.stages)}")
    if flow.kind == "parallel" and len(flow.stages) < 2 + (flow.combine == "judge"):
        yield Finding((*at, "stages"), "expected at least two that answer at once")
    if flow.split != "lines" and flow.kind != "map":
        yield Finding((*at, "split"), f"a {flow.kind} has no list; remove it")
    for j, stage in enumerate(flow.stages):
        last = flow.kind == "cascade" and j == len(flow.stages) - 1
        if stage.accept != ANYTHING and (flow.kind != "cascade" or last):
            why = "the last of a cascade is always taken" if last else f"a {flow.kind} takes all"
            yield Finding((*at, "stages", j, "accept"), f"{why}; remove it")
        if stage.accept == ANYTHING and flow.kind == "cascade" and not last:
            message = "nothing to check: no later stage would ever be asked; say when it is good"
            yield Finding((*at, "stages", j, "accept"), message)


def _named(place: tuple[Path, str], names: Sequence[str]) -> Iterator[Finding]:
    path, name = place
    if name and name not in names:
        hint = nearest(name, names) or f"; there are {listed(names)}"
        yield Finding(path, f"there is no expert or flow {shorten(name)}{hint}")


def variables_of(flow: Flow, index: int) -> list[str]:
    """What the prompt of a flow's stage may name."""
    judges = flow.combine == "judge" and index == len(flow.stages) - 1
    names = ["input"]
    if judges:
        return [*names, "answers"]
    if flow.kind == "map":
        return [*names, "item"]
    if flow.kind == "chain" and index:
        names += ["previous", *(stage.name for stage in flow.stages[:index] if stage.name)]
    return names


def _variables(path: Path, flow: Flow, index: int) -> Iterator[Finding]:
    known = variables_of(flow, index)
    for name in VARIABLE.findall(flow.stages[index].prompt):
        if name not in known:
            hint = nearest(name, known) or f"; there are {listed(known)}"
            yield Finding(path, f"there is no variable {{{name}}}{hint}")


def _circle(flow: Flow, known: Mapping[str, Flow], seen: tuple[str, ...]) -> tuple[str, ...]:
    """The way from a flow back to itself; empty: there is none."""
    if flow.name in seen:
        return (*seen[seen.index(flow.name) :], flow.name) if seen[0] == flow.name else ()
    for stage in flow.stages:
        inner = known.get(stage.expert)
        if inner is not None:
            found = _circle(inner, known, (*seen, flow.name))
            if found:
                return found
    return ()


def _depth(flow: Flow, known: Mapping[str, Flow], seen: int = 1) -> int:
    if seen > MOST_DEPTH:
        return seen
    inner = [known[stage.expert] for stage in flow.stages if stage.expert in known]
    return max((_depth(other, known, seen + 1) for other in inner), default=seen)
