"""A prompt's text as the learned router reads it: what changes without meaning anything is gone.

Case, white space and politeness say nothing about who answers best, so they are taken away before
anything is counted: the same question asked another way goes to the same expert.
"""

import re

import numpy as np

from coterie.router.embedders import Floats

HEAD, TAIL = 800, 400  # characters of a long text that are read: about 300 tokens
SURFACE = 10
ENDING = 64  # characters within which politeness at the end is looked for

_SPACE = re.compile(r"\s+")
_POLITE_AT_START = re.compile(
    r"^(?:(?:hi|hello|hey|dear \w+|good (?:morning|afternoon|evening))[ ,.!]+"
    r"|(?:please|kindly)[ ,]+"
    r"|(?:can|could|would|will) you (?:please |kindly )?(?:help me )?(?=\w)"
    r"|i(?: would|'d) (?:like|appreciate it if) (?:you )?(?:to |could )?(?:know:? )?"
    r"|i(?: was|'m| am) wondering(?: if)? ?)+"
)
_POLITE_AT_END = re.compile(  # what a sentence before it ends with stays
    r"[ ,]*(?:\b(?:please|thanks(?: a lot| in advance| so much)?|thank you"
    r"(?: very much| so much| in advance)?|many thanks|cheers)\b[ ,.!]*)+(\??)[ .!]*$"
)
_WORD = re.compile(r"\w+")


def normal(text: str) -> str:
    """Lower case, single spaces, no politeness; of a long text its beginning and its end."""
    if len(text) > 2 * (HEAD + TAIL):
        text = f"{text[: 2 * HEAD]} {text[-2 * TAIL :]}"
    if not text.isascii():  # halves of characters, which JSON can have, are no text
        text = text.encode("utf-8", "replace").decode()
    text = _SPACE.sub(" ", text).strip().lower()
    bare = _POLITE_AT_START.sub("", text)
    bare = bare[:-ENDING] + _POLITE_AT_END.sub(r"\1", bare[-ENDING:])
    if _WORD.search(bare):  # else politeness is all there is
        text = bare
    if len(text) > HEAD + TAIL:
        text = f"{text[:HEAD]} {text[-TAIL:]}"
    return text


def surface(text: str) -> Floats:
    """What a normal text looks like, whatever it says: `SURFACE` numbers."""
    size = len(text)
    words = _WORD.findall(text)
    letters = sum(map(len, words))
    digits = len(re.findall(r"\d", text))
    rest = size - letters - text.count(" ")
    return np.array(
        [
            np.log1p(size),
            np.log1p(len(words)),
            digits / (size + 1),
            rest / (size + 1),
            letters / (len(words) + 1),
            len(set(words)) / (len(words) + 1),
            np.log1p(text.count(",")),
            np.log1p(text.count("?")),
            np.log1p(len(re.findall(r"[$\\^=+*<>]", text))),
            np.log1p(len(re.findall(r"[(){}\[\];:_]", text))),
        ],
        dtype=np.float32,
    )
