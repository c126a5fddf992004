"""Rules over a request, compiled once: the first that says `to` decides, and `prefer` adds points.

Words are found at their borders and in either case, in the bounded text of the last message.
Regular expressions see its first SEARCHED characters alone, in linear time (`config.pattern`): no
prompt can hold everybody up.
"""

import re
from collections.abc import Callable, Collection, Sequence

from msgspec import Struct, field

from coterie.config.pattern import searcher
from coterie.config.route import Rule
from coterie.errors import RouterInvalid
from coterie.router.prompt import Prompt

SEARCHED = 4096
READ = 1024  # characters by which a language is told
FEWEST = 12  # letters without which no language is

Detect = Callable[[str], str]


class Ruling(Struct, frozen=True):
    """What rules make of a request: who is `to` answer (empty: none says so) by which `rule`, the
    points of those that are preferred, and rules that would have decided for somebody who may not
    answer.
    """

    to: str = ""
    rule: int = -1
    points: dict[str, float] = field(default_factory=dict)
    passed: tuple[int, ...] = ()


class Rules:
    """The rules of a route. `detect`: the code of a text's language, `""` where it cannot be told.

    Raises RouterInvalid where languages are asked for and cannot be told here.
    """

    def __init__(self, rules: Sequence[Rule], detect: Detect | None = None) -> None:
        if detect is None and any(rule.languages for rule in rules):
            detect = _detector()
        self._detect = detect
        self._rules = [_Compiled(rule) for rule in rules]

    def apply(self, prompt: Prompt, tenant: str, barred: Collection[str] = ()) -> Ruling:
        """What follows for a request; `barred` cannot answer it, so that later rules are read."""
        points: dict[str, float] = {}
        passed: list[int] = []
        language: str | None = None
        for i, compiled in enumerate(self._rules):
            rule = compiled.rule
            if not compiled.holds(prompt, tenant):
                continue
            if rule.languages:
                if language is None:
                    language = self._language(prompt.text)
                if language not in rule.languages:
                    continue
            for name, more in rule.prefer.items():
                points[name] = points.get(name, 0.0) + more
            if rule.to in barred:
                passed.append(i)
            elif rule.to:
                return Ruling(rule.to, i, points, tuple(passed))
        return Ruling("", -1, points, tuple(passed))

    def _language(self, text: str) -> str:
        head = text[:READ]
        if self._detect is None or sum(map(str.isalpha, head)) < FEWEST:
            return ""
        return self._detect(head)


class _Compiled:
    """A rule with its expressions."""

    __slots__ = ("keywords", "rule", "search")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        words = "|".join(map(re.escape, sorted(rule.keywords, key=len, reverse=True)))
        self.keywords = re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE) if words else None
        self.search = searcher(rule.pattern) if rule.pattern else None

    def holds(self, prompt: Prompt, tenant: str) -> bool:
        """Whether all that it says holds, languages aside."""
        rule = self.rule
        return (
            (rule.code is None or rule.code is prompt.code)
            and (rule.tools is None or rule.tools is prompt.tools)
            and (rule.images is None or rule.images is prompt.images)
            and (rule.json is None or rule.json is prompt.json)
            and (not rule.longer or prompt.tokens > rule.longer)
            and (not rule.shorter or prompt.tokens < rule.shorter)
            and (not rule.tenants or tenant in rule.tenants)
            and all(prompt.metadata.get(key) == value for key, value in rule.metadata.items())
            and (self.keywords is None or self.keywords.search(prompt.text) is not None)
            and (self.search is None or self.search(prompt.text[:SEARCHED]))
        )


def described(rule: Rule) -> str:
    """The conditions of a rule, in words."""
    found: list[str] = []
    for name in ("code", "tools", "images", "json"):
        wanted = getattr(rule, name)
        if wanted is not None:
            found.append(name if wanted else f"no {name}")
    if rule.longer:
        found.append(f"more than {rule.longer} tokens")
    if rule.shorter:
        found.append(f"fewer than {rule.shorter} tokens")
    for name in ("tenants", "languages", "keywords", "metadata"):
        if getattr(rule, name):
            found.append(name)
    if rule.pattern:
        found.append("pattern")
    return ", ".join(found)


def _detector() -> Detect:
    try:
        from py3langid.langid import classify
    except ImportError as error:
        raise RouterInvalid(
            "rules on languages need py3langid: pip install 'coterie[routing]'"
        ) from error

    def detect(text: str) -> str:
        return str(classify(text)[0])

    detect("its model is read at the first call, which is to be this one")
    return detect
