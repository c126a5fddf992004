"""Routes: one name behind which each prompt goes to its expert; what must hold of them."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from coterie.config.finding import Finding, Path, listed, nearest, shorten
from coterie.config.pattern import pattern_problem
from coterie.types import NO_BUDGET, Budget, Name, Seconds

MOST_CANDIDATES = 64
MOST_RULES = 256
MOST_CATEGORIES = 256
MOST_EXAMPLES = 1000

Share = Annotated[float, Meta(ge=0, le=1)]
Points = Annotated[float, Meta(ge=-1, le=1)]
Language = Annotated[
    str, Meta(pattern=r"^[a-z]{2,3}$", extra={"expected": "a code of ISO 639, such as en or de"})
]


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """What a request must be for a rule to hold, and what follows. All that is said must hold."""

    to: Annotated[
        str, Meta(description="the expert or flow that answers; no later rule is read")
    ] = ""
    prefer: Annotated[
        dict[str, Points],
        Meta(description="points of quality, from -1 to 1, added to what is expected of experts"),
    ] = field(default_factory=dict)
    keywords: Annotated[
        tuple[str, ...], Meta(description="any of these words or phrases, in either case")
    ] = ()
    pattern: Annotated[
        str,
        Meta(description="a regular expression, as RE2 has them, that is found in the prompt"),
    ] = ""
    languages: Annotated[
        tuple[Language, ...], Meta(description="the prompt is in one of these languages")
    ] = ()
    longer: Annotated[
        int, Meta(ge=0, description="the whole prompt has more than so many tokens, about")
    ] = 0
    shorter: Annotated[
        int, Meta(ge=0, description="the whole prompt has fewer than so many tokens, about; 0: any")
    ] = 0
    code: Annotated[bool | None, Meta(description="the prompt has code in it, or has none")] = None
    tools: Annotated[bool | None, Meta(description="the request offers tools, or none")] = None
    images: Annotated[bool | None, Meta(description="the request has images, or none")] = None
    json: Annotated[bool | None, Meta(description="the request wants JSON, or does not")] = None
    tenants: Annotated[tuple[str, ...], Meta(description="it comes from one of these tenants")] = ()
    metadata: Annotated[
        dict[str, str],
        Meta(description="fields that the request's `metadata` has, with these values"),
    ] = field(default_factory=dict)

    @property
    def has_conditions(self) -> bool:
        """Whether it asks for anything of a request."""
        said = (self.keywords, self.pattern, self.languages, self.longer, self.shorter)
        facts = (self.code, self.tools, self.images, self.json)
        return any((*said, self.tenants, self.metadata)) or any(f is not None for f in facts)


class Category(Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of prompts, known by a few examples."""

    name: Annotated[Name, Meta(description="its name, in headers and statuses")]
    to: Annotated[Name, Meta(description="the expert or flow that answers such prompts")]
    examples: Annotated[
        tuple[str, ...], Meta(min_length=1, description="utterances such as users write them")
    ]


class Route(Struct, frozen=True, forbid_unknown_fields=True):
    """A name behind which each request is given to the expert that suits it best."""

    name: Annotated[Name, Meta(description="what a request's `model` says to reach it: `auto`")]
    otherwise: Annotated[
        Name, Meta(description="the generalist: it answers where nothing else is known, or sure")
    ]
    candidates: Annotated[
        tuple[Name, ...],
        Meta(description="experts and flows that may answer; empty: all that the route names"),
    ] = ()
    rules: Annotated[
        tuple[Rule, ...], Meta(description="read in order; the first that says `to` decides")
    ] = ()
    categories: Annotated[
        tuple[Category, ...],
        Meta(description="kinds of prompts, by examples, and who answers them"),
    ] = ()
    learned: Annotated[
        str,
        Meta(
            description="a router fitted by `coterie route fit`: its file, relative to the document"
        ),
    ] = ""
    embedder: Annotated[
        Literal["static", "minilm", "words"],
        Meta(
            description="how examples are compared: `static` word vectors, the transformer "
            "`minilm`, or `words` alone, without any weights"
        ),
    ] = "static"
    confidence: Annotated[
        Share,
        Meta(description="the generalist answers where the category is less certain than this"),
    ] = 0.3
    economy: Annotated[
        Share,
        Meta(
            description="the dial from quality (0) to cost and speed (1): so much of an answer's "
            "quality is worth the cost of the dearest expert, or a wait of `patience`"
        ),
    ] = 0.1
    patience: Annotated[
        Seconds, Meta(description="the wait that costs as much as the dearest expert")
    ] = 10.0
    margin: Annotated[
        Share,
        Meta(
            description="experts that are so little worse than the best count as equal: the one "
            "that is resident wins"
        ),
    ] = 0.02
    stickiness: Annotated[
        int,
        Meta(
            ge=0,
            le=100,
            description="turns in a row in which a conversation must ask for less before a lesser "
            "expert gets it; a better one gets it at once; 0: each turn is for itself",
        ),
    ] = 2
    budget: Annotated[
        Budget,
        Meta(
            description="latency that its requests may cost, where they do not say: experts that "
            "would take longer are not asked while others would not"
        ),
    ] = NO_BUDGET
    record: Annotated[
        bool,
        Meta(description="rated prompts are kept on disk, so that a router can be fitted to them"),
    ] = False

    @property
    def named(self) -> tuple[str, ...]:
        """All that may answer, each once: the candidates, or whoever is named anywhere."""
        names = [*self.candidates]
        if not names:
            for rule in self.rules:
                names += [rule.to, *rule.prefer]
            names += [category.to for category in self.categories]
        return tuple(dict.fromkeys(name for name in (*names, self.otherwise) if name))


def route_findings(
    routes: Sequence[Route], names: Sequence[str], tenants: Sequence[str]
) -> Iterator[Finding]:
    """Everything wrong with routes to these experts and flows, as far as no file is needed."""
    for i, route in enumerate(routes):
        at: Path = ("routes", i)
        yield from _known((*at, "otherwise"), [route.otherwise], names)
        yield from _known((*at, "candidates"), route.candidates, names)
        yield from _crowd(at, route)
        for j, rule in enumerate(route.rules):
            yield from _rule((*at, "rules", j), rule, route, names, tenants)
        for j, category in enumerate(route.categories):
            yield from _category((*at, "categories", j), category, route, names)
            if category.name in [other.name for other in route.categories[:j]] and category.name:
                path = (*at, "categories", j, "name")
                yield Finding(path, f"{category.name!r} is the name of an earlier category")


def _crowd(at: Path, route: Route) -> Iterator[Finding]:
    """What there is too much or too little of."""
    limits = (
        ("candidates", len(route.named), MOST_CANDIDATES),
        ("rules", len(route.rules), MOST_RULES),
        ("categories", len(route.categories), MOST_CATEGORIES),
    )
    for name, count, most in limits:
        if count > most:
            yield Finding((*at, name), f"{count} {name}; at most {most}")
    if not (route.candidates or route.rules or route.categories or route.learned):
        yield Finding(
            at,
            f"every request would go to {route.otherwise!r}: give 'rules', 'categories', "
            "'learned', or 'candidates' to choose by cost and speed",
        )
    if route.learned and not route.candidates and len(route.named) < 2:
        yield Finding((*at, "candidates"), "missing: name the experts that `learned` chooses from")
    for i, name in enumerate(route.candidates):
        if name and name in route.candidates[:i]:
            yield Finding((*at, "candidates", i), f"{name!r} is listed twice")


def _rule(
    at: Path, rule: Rule, route: Route, names: Sequence[str], tenants: Sequence[str]
) -> Iterator[Finding]:
    if not rule.to and not rule.prefer:
        yield Finding(at, "nothing follows from it: say 'to' or 'prefer'")
    if not rule.has_conditions:
        message = (
            "it has no condition, and would hold for every request: give one; who answers "
            "else is the route's 'otherwise'"
        )
        yield Finding(at, message)
    for path, name in (((*at, "to"), rule.to), *(((*at, "prefer", n), n) for n in rule.prefer)):
        yield from _candidate(path, name, route, names)
    if rule.shorter and rule.longer >= rule.shorter - 1:
        yield Finding((*at, "shorter"), "no prompt is as 'longer' and 'shorter' say")
    for i, word in enumerate(rule.keywords):
        if not word.strip():
            yield Finding((*at, "keywords", i), "expected a word, not nothing")
    for i, tenant in enumerate(rule.tenants):
        if tenant not in tenants:
            hint = nearest(tenant, tenants) or "; no key belongs to it"
            yield Finding((*at, "tenants", i), f"there is no tenant {shorten(tenant)}{hint}")
    if rule.pattern and (problem := pattern_problem(rule.pattern)):
        yield Finding((*at, "pattern"), problem)


def _category(
    at: Path, category: Category, route: Route, names: Sequence[str]
) -> Iterator[Finding]:
    yield from _candidate((*at, "to"), category.to, route, names)
    if len(category.examples) > MOST_EXAMPLES:
        message = f"{len(category.examples)} examples; at most {MOST_EXAMPLES}"
        yield Finding((*at, "examples"), message)
    for i, text in enumerate(category.examples):
        if not text.strip():
            yield Finding((*at, "examples", i), "expected an utterance, not nothing")


def _candidate(path: Path, name: str, route: Route, names: Sequence[str]) -> Iterator[Finding]:
    unknown = list(_known(path, [name], names))
    yield from unknown
    if name and not unknown and name not in route.named:
        yield Finding(path, f"{name!r} is none of the route's 'candidates': add it, or leave it")


def _known(path: Path, said: Sequence[str], names: Sequence[str]) -> Iterator[Finding]:
    for i, name in enumerate(said):
        if name and name not in names:
            hint = nearest(name, names) or f"; there are {listed(names)}"
            where = (*path, i) if path[-1] == "candidates" else path
            yield Finding(where, f"there is no expert or flow {shorten(name)}{hint}")
