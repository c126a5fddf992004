"""Labels instead of scores: the expert of a prompt's category is right, the others are wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from coterie.errors import BadRequest, RatingsInvalid
from coterie.router.ratings import Ratings


def parsed(pairs: Sequence[str]) -> dict[str, str]:
    """Each `category=expert`. Raises BadRequest."""
    found: dict[str, str] = {}
    for pair in pairs:
        try:
            pair.encode()
        except UnicodeEncodeError as error:
            raise BadRequest(f"`--map` is {pair!r}: expected UTF-8", "map") from error
        category, equals, expert = pair.rpartition("=")
        if not (category and equals and expert):
            raise BadRequest(f"`--map` is {pair!r}: expected category=expert", "map")
        if found.setdefault(category, expert) != expert:
            raise BadRequest(f"`--map` gives {category!r} to {found[category]!r} already", "map")
    return found


def mapped(
    ratings: Ratings, pairs: Mapping[str, str], experts: Sequence[str], out_of_scope: str
) -> dict[str, str]:
    """The expert of each category: as `pairs` say, or the one of its own name. Prompts that are out
    of scope need none. Raises RatingsInvalid where a category or an expert has no other.
    """
    names = list(dict.fromkeys((*experts, *pairs.values())))
    categories = sorted({one for one in ratings.categories if one})
    unknown = [one for one in pairs if one not in categories]
    if unknown:
        raise RatingsInvalid(
            f"`--map`: no prompt is of the category {unknown[0]!r}: there are "
            f"{', '.join(categories) or 'none'}"
        )
    found: dict[str, str] = {}
    for category in categories:
        expert = pairs.get(category, category if category in names else "")
        if not expert and category != out_of_scope:
            raise RatingsInvalid(
                f"category {category!r} has no expert, and there are no scores: say --map "
                f"{category}=EXPERT, or --expert {category} if it is an expert's name"
            )
        if expert:
            found[category] = expert
    for name in names:
        if name not in found.values():
            raise RatingsInvalid(
                f"expert {name!r} has no scores, and no category: say --map CATEGORY={name}"
            )
    return found


def scored(ratings: Ratings, mapping: Mapping[str, str]) -> Ratings:
    """With a score of 1 for the expert of a prompt's category, and of 0 for the others; of prompts
    of other categories, nothing is known.
    """
    experts = tuple(dict.fromkeys(mapping.values()))
    table = np.full((len(ratings), len(experts)), np.nan, dtype=np.float32)
    for i, category in enumerate(ratings.categories):
        if category in mapping:
            table[i] = 0
            table[i, experts.index(mapping[category])] = 1
    return replace(ratings, experts=experts, scores=table)
