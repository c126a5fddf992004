"""The same question in other clothes: case, white space, politeness and typing errors.

The share of decisions that stay the same is a router's robustness (as in RouterArena, arXiv
2510.00202). Deterministic: the same text and seed give the same paraphrases.
"""

import random
from collections.abc import Iterator

BEFORE = ("Please, ", "Hello! ", "Could you please ", "Hi, ", "I would like to know: ")
AFTER = (" Thanks!", " Thank you very much.", " please", " Thanks in advance!")
TYPOS = 0.02  # of letters; at least one in a text
KINDS = ("case", "white space", "politeness", "typing errors")


def paraphrases(text: str, seed: int = 0) -> Iterator[tuple[str, str]]:
    """A paraphrase of each kind."""
    draw = random.Random(f"{seed}:{text}".encode("utf-8", "surrogatepass"))
    yield "case", draw.choice((text.upper(), text.lower(), text.title(), text.swapcase()))
    yield "white space", _spaced(text, draw)
    yield "politeness", draw.choice(BEFORE) + text + draw.choice(("", *AFTER))
    yield "typing errors", _mistyped(text, draw)


def _spaced(text: str, draw: random.Random) -> str:
    words = text.split(" ")
    gaps = [draw.choice((" ", "  ", "\n", " \t")) if draw.random() < 0.3 else " " for _ in words]
    return "  " + "".join(word + gap for word, gap in zip(words, gaps, strict=True)) + "\n"


def _mistyped(text: str, draw: random.Random) -> str:
    letters = [i for i, letter in enumerate(text[:-1]) if letter.isalpha()]
    if not letters:
        return text
    wrong = sorted(draw.sample(letters, max(1, int(len(letters) * TYPOS))), reverse=True)
    for i in wrong:
        kind = draw.randrange(3)
        if kind == 0:
            text = text[:i] + text[i + 1] + text[i] + text[i + 2 :]
        elif kind == 1:
            text = text[:i] + text[i + 1 :]
        else:
            text = text[:i] + text[i] + text[i:]
    return text
