import numpy as np
import pytest

from coterie.cli.route.labels import mapped, parsed, scored
from coterie.errors import BadRequest, RatingsInvalid
from coterie.router.ratings import Ratings

LABELS = Ratings(
    ("1", "2", "3", "4"),
    ("a", "b", "c", "d"),
    ("code", "prose", "writer", ""),
    (),
    np.zeros((4, 0), dtype=np.float32),
)


def test_pairs_are_read_at_the_last_sign() -> None:
    assert parsed(["a=b=coder", "prose=writer", "prose=writer"]) == {
        "a=b": "coder",
        "prose": "writer",
    }


@pytest.mark.parametrize("pair", ["code", "=coder", "code="])
def test_what_is_no_pair_is_refused(pair: str) -> None:
    with pytest.raises(BadRequest, match="expected category=expert"):
        parsed([pair])


def test_a_category_has_one_expert() -> None:
    with pytest.raises(BadRequest, match="gives 'code' to 'a' already"):
        parsed(["code=a", "code=b"])


def test_a_category_may_be_an_experts_own_name() -> None:
    found = mapped(LABELS, {"code": "coder", "prose": "writer"}, (), "")
    assert found == {"code": "coder", "prose": "writer", "writer": "writer"}
    assert mapped(LABELS, {"code": "coder"}, ("writer",), "prose") == {
        "code": "coder",
        "writer": "writer",
    }


@pytest.mark.parametrize(
    ("pairs", "experts", "told"),
    [
        ({"code": "coder"}, (), "category 'prose' has no expert, and there are no scores"),
        ({"cod": "coder"}, (), "no prompt is of the category 'cod': there are code, prose, writer"),
        ({"code": "writer", "prose": "writer"}, ("coder",), "expert 'coder' has no scores, and no"),
    ],
)
def test_what_is_missing_is_told(
    pairs: dict[str, str], experts: tuple[str, ...], told: str
) -> None:
    with pytest.raises(RatingsInvalid, match=told):
        mapped(LABELS, pairs, experts, "")


def test_the_expert_of_a_category_is_right_and_the_others_are_wrong() -> None:
    found = scored(LABELS, {"code": "coder", "writer": "writer"})
    assert found.experts == ("coder", "writer")
    blank = [np.nan, np.nan]
    assert np.array_equal(found.scores, [[1.0, 0.0], blank, [0.0, 1.0], blank], equal_nan=True)


@pytest.mark.parametrize("pair", ["code=a\udcff", "a\udcff=code"])
def test_bytes_that_are_no_text_are_no_name(pair: str) -> None:
    with pytest.raises(BadRequest, match=r"`--map` is '.*\\udcff.*': expected UTF-8"):
        parsed([pair])
