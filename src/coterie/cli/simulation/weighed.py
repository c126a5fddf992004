"""What the experts of a composition weigh: from their weights where those are on this machine, else
from a list of models, else as much as an engine without weights claims.
"""

import json
from collections.abc import Mapping, Sequence
from math import sqrt
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from coterie import engines
from coterie.config.finding import listed
from coterie.engines import Engine
from coterie.errors import PlanImpossible, WeightsError
from coterie.hardware import Card
from coterie.hardware.costs import parts
from coterie.hardware.model import WEIGHT_BYTES, from_row, from_weights
from coterie.registry import Registry
from coterie.types import Expert, Footprint, Weights

CACHE_BYTES_PER_TOKEN = 128 * 1024
CACHE_PARAMETERS = 8e9
"""A model of so many parameters with grouped queries keeps that much of a token, at 16 bits; others
as the square root of their size. Fifteen open models of 0.1 to 405 billion keep 0.4 to 2.5 times
that, by their own configurations: 2 x layers x KV heads x size of a head x 2 bytes.
"""

Rows = Mapping[str, Mapping[str, Any]]


class Weighed(Struct, frozen=True):
    """Of each expert by its name: what the cost model sees, and what a replica takes."""

    cards: dict[str, Card]
    footprints: dict[str, Footprint]
    notes: tuple[str, ...]


class Library:
    """What is known of models: weights on this machine, and rows of lists.

    `folder`: where the document lies; `state`: where fetched weights are. Weights and engines are
    looked for once.
    """

    def __init__(self, folder: Path, state: Path, rows: Rows) -> None:
        self.rows = rows
        self._state = state
        self._registry = Registry(state, folder)
        self._seen: dict[str, Weights | None] = {}
        self._engines: dict[str, Engine] = {}

    def weigh(self, experts: Sequence[Expert]) -> Weighed:
        """What experts weigh. Raises PlanImpossible, naming the first of which nothing is known."""
        cards: dict[str, Card] = {}
        footprints: dict[str, Footprint] = {}
        guessed: list[str] = []
        stand_ins: list[str] = []
        for expert in experts:
            name = expert.name
            engine = self._engine(expert.engine)
            weights = self._weights(expert.weights)
            if weights is None and name not in self.rows:
                cards[name] = _claimed(expert, engine)
                footprints[name] = engine.footprint(expert, None)
                stand_ins.append(name)
                continue
            card = from_row(self.rows[name]) if weights is None else from_weights(name, weights)
            if not card.kv_bytes_per_token:
                card = structs.replace(card, kv_bytes_per_token=cache_bytes(card))
                guessed.append(name)
            cards[name] = card
            footprints[name] = (
                Footprint(hot=parts(card, expert.context, expert.parallel))
                if weights is None
                else engine.footprint(expert, weights)
            )
        return Weighed(cards, footprints, tuple(_notes(guessed, stand_ins)))

    def _engine(self, name: str) -> Engine:
        if name not in self._engines:
            self._engines[name] = engines.create(name, self._state)
        return self._engines[name]

    def _weights(self, source: str) -> Weights | None:
        if source and source not in self._seen:
            try:
                self._seen[source] = self._registry.glance(source)
            except WeightsError:
                self._seen[source] = None
        return self._seen[source] if source else None


def read_models(paths: Sequence[Path]) -> Rows:
    """The rows of lists of models by their names, as `coterie compose --experts` takes them; the
    last file has the say. Raises PlanImpossible.
    """
    rows: dict[str, dict[str, Any]] = {}
    for path in paths:
        try:
            listed_rows = json.loads(path.read_bytes())
        except OSError as error:
            raise PlanImpossible(f"{path}: cannot be read: {error.strerror or error}") from error
        except ValueError as error:
            raise PlanImpossible(f"{path}: this is not JSON: {error}") from error
        if not isinstance(listed_rows, list):
            raise PlanImpossible(f"{path}: expected a list of objects, each with a `name`")
        for i, row in enumerate(listed_rows):
            if not isinstance(row, dict) or not isinstance(row.get("name"), str):
                raise PlanImpossible(f"{path}: [{i}]: expected an object with a `name`")
            rows[row["name"]] = rows.get(row["name"], {}) | row
    return rows


def cache_bytes(card: Card) -> int:
    """What a token of context keeps, by the model's size alone."""
    size = card.active_parameters or card.parameters
    return round(CACHE_BYTES_PER_TOKEN * sqrt(size / CACHE_PARAMETERS))


def _claimed(expert: Expert, engine: Engine) -> Card:
    """An engine that needs no weights stands in for a model of 16 bits as large as it claims."""
    size = 0 if engine.needs_weights else engine.footprint(expert, None).hot_bytes
    if not size:
        claims = "" if engine.needs_weights else "its `options.hot`, or "
        why = (
            "its weights are not on this machine" if engine.needs_weights else "it claims no memory"
        )
        raise PlanImpossible(
            f"expert {expert.name!r}: nothing is known of its size, since {why}: give {claims}"
            f"`--models SIZES.json`, a list with "
            f'{{"name": {json.dumps(expert.name)}, "params_b": 8}}'
        )
    return Card(name=expert.name, weight_bytes=size, parameters=size / WEIGHT_BYTES)


def _notes(guessed: list[str], stand_ins: list[str]) -> list[str]:
    notes = []
    if guessed:
        notes.append(
            f"KV caches of {listed(guessed, 3)} are estimated from their parameters: say "
            "`kv_bytes_per_token` in the list of models"
        )
    if stand_ins:
        notes.append(
            f"{listed(stand_ins, 3)}: taken for models of 16 bits whose weights and caches fill "
            "what their engine claims"
        )
    return notes
