from collections.abc import Callable
from pathlib import Path

import pytest

from coterie.cli.trace.specs import crowd_of, lengths_of, pairs_of, popularity_of, step_of
from coterie.errors import BadRequest, TraceInvalid
from coterie.workloads.demand import Crowd
from coterie.workloads.lengths import Empirical, Fixed, Lognormal, Quantiles
from coterie.workloads.popularity import EVEN, Weighted, Zipf


def test_popularity_is_even_zipf_or_weights() -> None:
    assert popularity_of("even") == EVEN
    assert popularity_of("zipf:1.1") == Zipf(1.1)
    assert popularity_of("weights:3,1,1") == Weighted((3, 1, 1))


def test_lengths_are_a_number_or_a_distribution() -> None:
    assert lengths_of("--prompt-tokens", "200") == Fixed(200)
    assert lengths_of("--prompt-tokens", "lognormal:200,0.5") == Lognormal(200, 0.5)
    assert lengths_of("--prompt-tokens", "lognormal-mean:200,1") == Lognormal.of_mean(200, 1)
    expected = Quantiles((50, 99), (120, 4000))
    assert lengths_of("--output-tokens", "quantiles:50=120,99=4000") == expected
    assert lengths_of("--output-tokens", "quantiles:p50=120,p99=4000") == expected


def test_lengths_may_be_those_of_a_trace(csv: Path) -> None:
    prompts = lengths_of("--prompt-tokens", f"trace:{csv}")
    assert prompts == Empirical(tuple(range(100, 220)))
    assert lengths_of("--output-tokens", f"trace:{csv}") == Empirical((10,) * 120)
    with pytest.raises(TraceInvalid, match="no trace at"):
        lengths_of("--prompt-tokens", "trace:gone.csv")


def test_a_crowd_says_who_when_how_long_and_how_often() -> None:
    assert crowd_of("org/base-x2@1m30s+30sx5") == Crowd("org/base-x2", 90, 30, 5)
    assert crowd_of("a@0s+500msx2.5") == Crowd("a", 0, 0.5, 2.5)


def test_a_step_is_a_time_and_a_rate() -> None:
    assert step_of("10m=2.5") == (600, 2.5)


def test_pairs_are_split_at_the_last_sign() -> None:
    assert pairs_of("--rename", ["a=b", "c=d=e"]) == {"a": "b", "c=d": "e"}


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: popularity_of("even:3"), "expected even, zipf:1.1 or weights:3,1,1"),
        (lambda: popularity_of("zipf:x"), "expected even"),
        (lambda: popularity_of("zipf:-1"), "expected 0 to 20"),
        (lambda: popularity_of("weights:"), "expected even"),
        (lambda: lengths_of("--x", "much"), "`--x` is 'much': expected 200, lognormal"),
        (lambda: lengths_of("--x", "0"), "more than 0"),
        (lambda: lengths_of("--x", "1e99"), "trace:FILE$"),
        (lambda: lengths_of("--x", "lognormal:5,"), "trace:FILE$"),
        (lambda: lengths_of("--x", "lognormal:5"), "expected 200"),
        (lambda: lengths_of("--x", "quantiles:5"), "expected 200"),
        (lambda: crowd_of("a@1m"), "`--flash` is 'a@1m': expected EXPERT@BEGIN"),
        (lambda: crowd_of("a@1m+3sx0.5"), "1 or more"),
        (lambda: crowd_of("a@1m+3sx1.2.3"), "expected EXPERT@BEGIN"),
        (lambda: step_of("10m"), "expected TIME=RATE"),
        (lambda: pairs_of("--rename", ["=b"]), "expected MODEL=EXPERT"),
    ],
)
def test_what_makes_no_sense_is_said(make: Callable[[], object], told: str) -> None:
    with pytest.raises(BadRequest, match=told):
        make()
