import inspect
from http import HTTPStatus

import msgspec

from coterie import errors
from coterie.errors import CompositionError, CoterieError, Problem, QueueFull, Refused


def every_error() -> list[type[CoterieError]]:
    found = [value for value in vars(errors).values() if inspect.isclass(value)]
    return [value for value in found if issubclass(value, CoterieError)]


def test_the_docstring_draws_the_whole_tree() -> None:
    drawn = errors.__doc__ or ""
    assert [error.__name__ for error in every_error() if error.__name__ not in drawn] == []


def test_every_error_is_an_http_error_with_a_stable_word() -> None:
    for error in every_error():
        assert HTTPStatus(error.status).value >= 400
        assert error.code.replace("_", "").islower()


def test_a_refusal_says_when_to_try_again() -> None:
    refusal = QueueFull("full", retry_after_s=3.0, eta_s=2.0)
    assert (str(refusal), refusal.retry_after_s, refusal.eta_s) == ("full", 3.0, 2.0)
    assert all(error.retryable for error in every_error() if issubclass(error, Refused))


def test_a_composition_error_says_each_problem_in_a_line() -> None:
    error = CompositionError((Problem("a.b", "wrong"), Problem("", "empty")))
    assert str(error) == "a.b: wrong\nempty"


def test_a_problem_travels() -> None:
    problem = Problem("a", "wrong")
    assert msgspec.json.decode(msgspec.json.encode(problem), type=Problem) == problem
