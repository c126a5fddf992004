from coterie.router.decision import top
from coterie.router.utility import Candidate


def test_the_best_few_of_those_who_may_answer_are_told() -> None:
    candidates = tuple(Candidate(name, quality=q) for q, name in enumerate("abcd"))
    barred = Candidate("z", quality=9.0, excluded="no")
    assert list(top((barred, *candidates)).items()) == [("d", 3), ("c", 2), ("b", 1)]
