"""Categories alone: the intents and domains of CLINC150, and what is out of their scope."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.tables import Result
from coterie.router.embedders import Embedder
from coterie.router.evaluate import auroc, calibration
from coterie.router.fit import fit
from coterie.router.ratings import Ratings

STRANGE = "oos"


def intents(data: Path, embedder: Embedder, seeds: range) -> list[Result]:
    """Fitted to the training split, measured on the validation split."""
    with gzip.open(data / "prompts" / "clinc150.jsonl.gz", "rt") as file:
        said = [json.loads(line) for line in file]
    rows = []
    for field in ("domain", "intent"):
        train, held = (_ratings(said, part, field) for part in ("train", "val"))
        learned = fit(train, embedder, strange=STRANGE)
        found = [learned.predict(prompt) for prompt in held.prompts]
        sure = np.array([one.confidence for one in found], dtype=np.float32)
        inside = np.array([one != STRANGE for one in held.categories])
        right = np.array(
            [one.category == true for one, true in zip(found, held.categories, strict=True)],
            dtype=np.float32,
        )
        rows.append(
            {
                "labels": field,
                "categories": len(learned.categories),
                "accuracy %": round(100 * float(right[inside].mean()), 2),
                "out of scope AUROC": round(auroc(sure[inside], sure[~inside]), 4),
                "calibration error": round(calibration(sure[inside], right[inside])[0], 4),
                "with out of scope": round(calibration(sure, right * inside)[0], 4),
            }
        )
    note = (
        f"embedder {embedder.name}; accuracy and calibration within scope; 100 prompts out of "
        "scope are among those fitted to, and 100 others among those held out"
    )
    return [Result("routing", "categories, CLINC150", rows, (note,))]


def _ratings(said: list[dict[str, Any]], part: str, field: str) -> Ratings:
    rows = [one for one in said if one["split"] == part]
    return Ratings(
        tuple(map(str, range(len(rows)))),
        tuple(one["prompt"] for one in rows),
        tuple(one[field] for one in rows),
        (),
        np.zeros((len(rows), 0), dtype=np.float32),
    )
