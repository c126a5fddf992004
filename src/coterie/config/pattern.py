"""Regular expressions that a document says: they are searched in time linear in the text, whatever
it is.

They are RE2's (https://github.com/google/re2/wiki/Syntax). Python's own engine goes back: `(a+)+$`
takes it 2^n steps for n letters, and `.*a.*b.*c`, which looks harmless, their fourth power; whoever
writes the prompt would hold everybody up. The price is what cannot be found without going back
(looking around, back-references), and that `\\w`, `\\d`, `\\s` and `\\b` know ASCII alone.
"""

import re
from collections.abc import Callable
from typing import Any

Search = Callable[[str], bool]

MOST_BYTES = 1 << 20  # of a pattern, and of what its searches remember
MOST_SAID = 80
INSTEAD = (
    ("perl operator: (?=", "it cannot look ahead: say what follows as a part of the pattern"),
    ("perl operator: (?!", "it cannot look ahead: give what may follow, as [^x] or (?:[^x]|$)"),
    (
        "perl operator: (?<",
        "it cannot look behind: say what comes before as a part of it, as (?:^|[^x])",
    ),
    ("perl operator: (?>", "nothing goes back here: say (?:…)"),
    ("repetition operator: *+", "nothing goes back here: say x*"),
    ("repetition operator: ++", "nothing goes back here: say x+"),
    ("repetition operator: ?+", "nothing goes back here: say x?"),
    ("perl operator: (?P", "it cannot refer back: write out what may come again"),
    ("perl operator: (?(", "it cannot refer back: write out both cases, as (?:…|…)"),
    ("perl operator: (?#", "it has no comments: leave it out"),
    ("perl operator: (?", "its flags are i, m, s and U: leave out any other"),
    ("repetition size", "at most 1000 times, also those in each other multiplied"),
    (r"sequence: \Z", r"the end of the text is \z"),
    (r"sequence: \u", r"a character by its number is \x{20ac}"),
    ("too large", "repeat less, or fewer characters"),
    *(
        (rf"sequence: \{n}", "it cannot refer back: write out what may come again")
        for n in "123456789"
    ),
)
"""What to do about an error of RE2's that has this in it; the first that fits."""


def searcher(pattern: str) -> Search:
    """Whether `pattern`, which must have no problem, is found in a text."""
    compiled = _compiled(pattern)

    def search(text: str) -> bool:
        return compiled.search(text.encode("utf-8", "replace")) is not None

    return search


def pattern_problem(pattern: str) -> str | None:
    """What is wrong with a pattern, and what to do about it, in one line; None: nothing is."""
    import re2

    try:
        _compiled(pattern)
    except UnicodeEncodeError:
        return "is no regular expression: it has half a character in it (a lone surrogate)"
    except re2.error as error:
        said = error.args[0].decode("utf-8", "replace")
        hint = next((f"; {what}" for sign, what in INSTEAD if sign in said), "")
        said = said if said.isprintable() else ascii(said)
        said = said if len(said) <= MOST_SAID else f"{said[:MOST_SAID]}…"
        return f"is no regular expression of RE2's: {said}{hint}"
    return _border(pattern)


def _border(pattern: str) -> str | None:
    """`\\b` beside a letter that it does not know is never found, and nobody would know why."""
    foreign = next((letter for letter in pattern if letter.isalpha() and not letter.isascii()), "")
    if foreign and re.search(r"(?<!\\)(?:\\\\)*\\[bB]", pattern):
        return (
            rf"has {foreign!r} in it, and \b knows ASCII letters alone: say (?:^|\PL) before a "
            r"word and (?:\PL|$) after it"
        )
    return None


def _compiled(pattern: str) -> Any:
    """What RE2 made of it; it remembers the last 128. Raises its error, or UnicodeEncodeError."""
    import re2  # here: 5 ms that documents without patterns do not pay

    options = re2.Options()
    options.max_mem = MOST_BYTES
    options.never_capture = True
    options.log_errors = False
    return re2.compile(pattern, options)
