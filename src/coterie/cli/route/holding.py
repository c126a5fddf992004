"""Keeping prompts back: a share of each category, always the same ones."""

import json
from typing import NamedTuple

import numpy as np

from coterie.router.fit import FEWEST
from coterie.router.ratings import PREFIX, Ratings


class Parts(NamedTuple):
    rest: Ratings
    held: Ratings


def parted(ratings: Ratings, share: float) -> Parts | None:
    """A share of the prompts of each category, held back; None where the rest would be too few to
    fit a router, or nothing would be held.
    """
    draw = np.random.default_rng(0)
    held: list[int] = []
    categories = np.array(ratings.categories)
    for category in sorted(set(ratings.categories)):
        rows = np.flatnonzero(categories == category)
        taken = share * len(rows)
        count = int(taken) + int(draw.random() < taken % 1)  # so that rare ones are held as well
        held += draw.permutation(rows)[:count].tolist()
    rest = np.setdiff1d(np.arange(len(ratings)), held)
    if not held or len(rest) < FEWEST:
        return None
    parts = Parts(ratings.take(rest), ratings.take(sorted(held)))
    whole = ~np.isnan(ratings.scores).all(axis=0)
    if (np.isnan(parts.rest.scores).all(axis=0) & whole).any():
        return None  # an expert's only scores were held back
    return parts


def as_lines(ratings: Ratings) -> bytes:
    """The ratings as JSON lines, as `read_ratings` reads them."""
    lines: list[str] = []
    for i, prompt in enumerate(ratings.prompts):
        row: dict[str, object] = {"id": ratings.ids[i], "prompt": prompt}
        if ratings.categories[i]:
            row["category"] = ratings.categories[i]
        for expert, score in zip(ratings.experts, ratings.scores[i], strict=True):
            row[f"{PREFIX}{expert}"] = None if np.isnan(score) else round(float(score), 6)
        lines.append(json.dumps(row))
    return "".join(f"{line}\n" for line in lines).encode()
