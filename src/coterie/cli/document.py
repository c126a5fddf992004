"""Reading the document for a command that acts on it: one that is plainly wrong is not acted on."""

from pathlib import Path

import msgspec

from coterie.cli.check import examine
from coterie.config import Composition, SchedulerOptions
from coterie.errors import CompositionError, Problem
from coterie.scheduler import policy_problem


def load(file: Path, policy: str = "", state: Path | None = None) -> Composition:
    """The composition in `file`, under another policy if one is named; `state` as for `examine`.

    Raises CompositionError with everything that `coterie check` finds, in its words.
    """
    report = examine(file, state)
    composition, problems = report.composition, report.problems
    if composition is None or problems:
        raise CompositionError(tuple(Problem(str(file), str(problem)) for problem in problems))
    if not policy:
        return composition
    check_policy(policy)
    return msgspec.structs.replace(composition, scheduler=SchedulerOptions(policy))


def check_policy(name: str) -> None:
    """Raises CompositionError unless `--policy` names one."""
    unknown = policy_problem(name)
    if unknown is not None:
        raise CompositionError((Problem("--policy", unknown.message),))
