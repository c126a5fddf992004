"""How far what prompts say is believed: only where prompts that were held back gained by it."""

import numpy as np

from coterie.router.embedders import Floats, Integers
from coterie.router.folds import Step, folds
from coterie.router.matrices import Matrices
from coterie.router.regression import expected, fit_regression, targets

TRUSTS = (1.0, 0.5, 0.25)
SURE = 2.0  # standard errors that a gain must have: with one, chance is believed in too often


def measured_trust(
    scores: Floats, likely: Floats, prompts: Matrices, labels: Integers, step: Step
) -> float:
    """The largest share of what prompts say that gained more than `SURE` standard errors over the
    best single expert, in folds that were held back; else 0. `scores`: n x m; `likely`: n x k;
    `step` is told of each fold.
    """
    n, m = scores.shape
    if m < 2:
        return 0.0
    centre, wanted = targets(scores)
    over = np.zeros((n, m), dtype=np.float32)
    for rest, held in folds(labels, "folds", step):
        fitted = fit_regression(wanted[rest], likely[rest], prompts.take(rest), labels[rest])
        over[held] = expected(fitted, likely[held], prompts.take(held))
    return believed(scores, centre, over)


def believed(scores: Floats, centre: Floats, over: Floats) -> float:
    """The largest of `TRUSTS` that gained enough. `centre`: experts' means, m; `over`: what was
    expected over them of prompts held back, n x m.
    """
    best = int(centre.argmax())
    for share in TRUSTS:
        gains = _gains(scores, best, (centre + share * over).argmax(axis=1))
        if len(gains) and gains.mean() > SURE * gains.std() / np.sqrt(len(gains)):
            return share
    return 0.0


def _gains(scores: Floats, best: int, chosen: Integers) -> Floats:
    """What was won over the best single expert, of prompts on which both were measured."""
    won = scores[np.arange(len(chosen)), chosen] - scores[:, best]
    found: Floats = won[~np.isnan(won)]
    return found
