"""Work is done here or in other processes, with the same results in the same order, and no process
is left.
"""

import multiprocessing
import operator
import os
from math import sqrt

import pytest

from coterie.cli.whatif.workers import Workers
from coterie.errors import CommandError


def test_here_no_process_is_started() -> None:
    with Workers(pow, 2, 1) as workers:
        assert list(workers.results([1, 2, 3])) == [2, 4, 8]
        assert multiprocessing.active_children() == []


def test_elsewhere_results_are_the_same_and_nothing_is_left() -> None:
    with Workers(pow, 2, 2) as workers:
        assert list(workers.results([5, 1, 4])) == [32, 2, 16]
        assert list(workers.results([3, 2])) == [8, 4]
        assert len(multiprocessing.active_children()) == 2
    assert multiprocessing.active_children() == []


def test_a_worker_that_dies_is_told_and_nothing_is_left() -> None:
    with (
        pytest.raises(CommandError, match="a worker process ended with status 3"),
        Workers(operator.call, os._exit, 2) as workers,
    ):
        list(workers.results([3, 3]))
    assert multiprocessing.active_children() == []


def test_an_interruption_leaves_nothing() -> None:
    def interrupted() -> None:
        with Workers(pow, 2, 2) as workers:
            next(workers.results([1, 2, 3]))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert multiprocessing.active_children() == []


def test_an_error_here_is_what_it_is() -> None:
    with pytest.raises(ValueError, match="math domain"), Workers(_root, 1, 1) as workers:
        list(workers.results([-1.0]))


def _root(factor: int, number: float) -> float:
    return factor * sqrt(number)
