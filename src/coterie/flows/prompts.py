"""What the stages of a flow are asked: templates filled in, lists taken apart, answers combined."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from coterie.config.flow import VARIABLE, Accept
from coterie.config.pattern import searcher
from coterie.errors import BadRequest

Message = dict[str, Any]

MOST_ITEMS = 64


def last_text(messages: Sequence[Message]) -> str:
    """The text of the last message. Raises BadRequest where there is none."""
    content = messages[-1].get("content") if messages else None
    if isinstance(content, list):
        content = "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    if not isinstance(content, str) or not content.strip():
        raise BadRequest(
            "a flow works on the text of the last message, and there is none", "messages"
        )
    return content


def filled(template: str, values: Mapping[str, str]) -> str:
    """A template with its variables' values; what is no variable stays as it is."""
    return VARIABLE.sub(lambda match: values.get(match.group(1), match.group(0)), template)


def items(text: str, split: str) -> list[str]:
    """The items of a list. Raises BadRequest where it is none, or too long."""
    if split == "json":
        try:
            found = json.loads(text)
        except ValueError as error:
            raise BadRequest(f"the last message is no JSON list: {error}", "messages") from error
        if not isinstance(found, list):
            raise BadRequest("the last message is JSON, but no list", "messages")
        listed = [one if isinstance(one, str) else json.dumps(one) for one in found]
    else:
        listed = [line for line in text.splitlines() if line.strip()]
    if not 0 < len(listed) <= MOST_ITEMS:
        raise BadRequest(f"a list of {len(listed)} items; expected 1 to {MOST_ITEMS}", "messages")
    return listed


def merged(answers: Sequence[str]) -> str:
    return "\n".join(answer.strip() for answer in answers)


def voted(answers: Sequence[str]) -> int:
    """Which answer is the most frequent one, in its first spelling; of equals, the first."""
    keys = [" ".join(re.findall(r"\w+", answer.lower())) for answer in answers]
    (winner, _), *_ = Counter(keys).most_common(1)
    return keys.index(winner)


def numbered(answers: Sequence[str]) -> str:
    return "\n\n".join(f"Answer {i}:\n{answer.strip()}" for i, answer in enumerate(answers, 1))


def is_accepted(accept: Accept, text: str, confidence: float | None) -> bool:
    """Does an answer pass, as far as that can be told without asking anybody?"""
    if accept.json:
        try:
            json.loads(text)
        except ValueError:
            return False
    if accept.pattern and not searcher(accept.pattern)(text):
        return False
    return not accept.confidence or (
        confidence is not None and 100 * confidence >= accept.confidence
    )


def question(asked: str, answer: str) -> str:
    """What a judge is asked."""
    return (
        f"Question:\n{asked}\n\nAnswer:\n{answer}\n\n"
        "Is the answer correct and complete? Say yes or no."
    )
