"""Requests to a composition, from a trace or made to measure."""

from collections import Counter
from pathlib import Path

import pytest

from coterie.cli.simulation.workload import Wanted, Workload, asked, workload
from coterie.config import Composition, decode
from coterie.errors import BadRequest, TraceInvalid
from coterie.types import Budget
from tests.cli.simulation.documents import Folder

HEADER = "arrival_s,expert,prompt_tokens,output_tokens"
FEW = f"{HEADER}\n0,a,100,10\n2,bee,100,10\n4,b,100,10\n"


@pytest.fixture
def written(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def composition(written: Folder) -> Composition:
    return decode(written().read_bytes(), "three.yaml")


def test_a_trace_is_had_again(composition: Composition, written: Folder) -> None:
    found = workload(composition, Wanted(trace=written("t.csv", FEW), ttft="2s", e2e="30s"))
    assert [(one.at, one.expert) for one in found.requests] == [(0.0, "a"), (2.0, "b"), (4.0, "b")]
    assert found.requests[0].budget == Budget(ttft=2.0, e2e=30.0)
    assert found.notes == ()


def test_a_part_of_it_is_had_faster(composition: Composition, written: Folder) -> None:
    wanted = Wanted(trace=written("t.csv", FEW), speed=2.0, duration="2s")
    assert [one.at for one in workload(composition, wanted).requests] == [0.0, 1.0]


def test_a_trace_is_read_as_it_is_asked_for(composition: Composition, written: Folder) -> None:
    path = written("t.csv", f"{HEADER}\n0,a,100,10\n2,bee,100000,10\n4,z,100,10\n")
    notes: list[str] = []
    with asked(composition, Wanted(path), notes) as asks:
        assert [next(asks).expert for _ in range(2)] == ["a", "b"]  # before the third is read
        with pytest.raises(TraceInvalid, match="'z'"):
            next(asks)
    notes.clear()
    path.write_text(f"{HEADER}\n0,a,100000,10\n")
    with asked(composition, Wanted(path), notes) as asks:
        assert len(list(asks)) == 1
    assert [note.partition(" have")[0] for note in notes] == ["1 request(s)"]


def test_requests_are_made_alike_for_a_seed(composition: Composition) -> None:
    def made(seed: int, cv: float = 1.0) -> Workload:
        return workload(composition, Wanted(rate=5.0, duration="100s", cv=cv, seed=seed))

    assert made(1) == made(1)
    assert made(1) != made(2)
    assert made(1) != made(1, cv=3.0)
    found = made(1).requests
    assert 400 < len(found) < 600
    counts = Counter(one.expert for one in found)
    assert counts["a"] > counts["b"] > counts["c"]  # the first that is declared is asked most


def test_lengths_and_popularity_are_as_they_are_said(composition: Composition) -> None:
    wanted = Wanted(
        rate=5.0, duration="20s", popularity="weights:0,0,1", prompt_tokens="50", output_tokens="7"
    )
    found = workload(composition, wanted).requests
    assert {(one.expert, one.prompt_bytes, one.output_tokens) for one in found} == {("c", 450, 7)}


def test_by_rank_the_most_asked_is_the_first_that_is_declared(
    composition: Composition, written: Folder
) -> None:
    names = ("w", "x", "x", "x", "y", "y", "z")
    rows = "".join(f"{at},{name},1,1\n" for at, name in enumerate(names))
    trace = written("t.csv", f"{HEADER}\n{rows}")
    found = workload(composition, Wanted(trace=trace, mapping="by-rank")).requests
    assert [one.expert for one in found] == ["c", "a", "a", "a", "b", "b", "a"]  # z again from a


def test_those_who_are_renamed_are_asked(composition: Composition, written: Folder) -> None:
    trace = written("t.csv", f"{HEADER}\n0,gpt,1,1\n1,a,1,1\n")
    found = workload(composition, Wanted(trace=trace, rename=("gpt=bee",))).requests
    assert [one.expert for one in found] == ["b", "a"]
    with pytest.raises(BadRequest, match="both say who is asked"):
        workload(composition, Wanted(trace=trace, rename=("gpt=b",), mapping="by-rank"))


def test_a_trace_without_experts_is_given_out(composition: Composition, written: Folder) -> None:
    rows = "".join(
        f'{{"timestamp": {at}, "input_length": 9, "output_length": 5, "hash_ids": [0]}}\n'
        for at in range(60)
    )
    wanted = Wanted(trace=written("t.jsonl", rows), popularity="weights:1,0,1", seed=3)
    counts = Counter(one.expert for one in workload(composition, wanted).requests)
    assert sorted(counts) == ["a", "c"]


def test_what_is_longer_than_a_context_is_cut(composition: Composition, written: Folder) -> None:
    rows = "0,a,5000,100\n1,a,5000,5000\n2,b,100,5000\n3,c,10,0\n"
    found = workload(composition, Wanted(trace=written("t.csv", f"{HEADER}\n{rows}")))
    tokens = [((one.prompt_bytes - 150) // 6, one.output_tokens) for one in found.requests]
    assert tokens == [(900, 100), (500, 500), (100, 900), (10, 1)]
    (note,) = found.notes
    assert note.startswith("3 request(s) have more tokens")
    assert note.endswith("2 of them ask 'a'")


def test_requests_that_the_gateway_refuses_are_left_out(written: Folder) -> None:
    text = written().read_text() + f"keys: [{{name: k, sha256: {'a' * 64}, tenant: team}}]\n"
    text += "tenants: [{name: team, experts: [a]}]\n"
    composition = decode(text.encode(), "x.yaml")
    rows = "0,a,1,1,team\n1,b,1,1,team\n2,b,1,1,\n"
    found = workload(composition, Wanted(trace=written("t.csv", f"{HEADER},tenant\n{rows}")))
    assert [(one.expert, one.tenant) for one in found.requests] == [("a", "team"), ("b", "")]
    (note,) = found.notes
    assert note.startswith("1 request(s) are left out")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("0,a,1,1\n0,who,1,1\n", "line 3: expert 'who' is none of 'a', 'b', 'c'"),
        ("1,a,1,1\n0,a,1,1\n", "line 3: 1 s earlier"),
        ("nan,a,1,1\n", "line 2: 'arrival_s' is 'nan'"),
        ("-1,a,1,1\n", "line 2: 'arrival_s' is '-1'"),
        ("", "holds no request"),
    ],
)
def test_what_is_wrong_with_a_trace_is_told(
    composition: Composition, written: Folder, rows: str, told: str
) -> None:
    with pytest.raises(TraceInvalid, match=told):
        workload(composition, Wanted(trace=written("t.csv", f"{HEADER}\n{rows}")))


def test_disorder_is_put_in_order_where_that_is_asked_for(
    composition: Composition, written: Folder
) -> None:
    trace = written("t.csv", f"{HEADER}\n1,a,1,1\n0,b,1,1\n")
    found = workload(composition, Wanted(trace=trace, sort=True)).requests
    assert [one.expert for one in found] == ["b", "a"]


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (Wanted(), "give either `--trace FILE` or `--rate"),
        (Wanted(trace=Path("x.csv"), rate=1.0), "give either"),
        (Wanted(rate=0.0), "`rate` is 0.0"),
        (Wanted(rate=float("nan")), "`rate` is nan"),
        (Wanted(rate=1.0, cv=-1.0), "`cv` is -1.0"),
        (Wanted(rate=1.0, speed=0.0), "`--speed` is 0"),
        (Wanted(rate=1.0, speed=float("inf")), "`--speed` is inf"),
        (Wanted(rate=1.0, duration="long"), "`--duration` is wrong"),
        (Wanted(rate=1.0, duration="0s"), "`--duration` is 0"),
        (Wanted(rate=1.0, ttft="-2s"), "`--ttft` is wrong"),
        (Wanted(rate=1.0, e2e="0"), "`--e2e` is 0"),
        (Wanted(rate=1.0, popularity="much"), "`--popularity` is 'much'"),
        (Wanted(rate=1.0, popularity="weights:1,2"), "2 weights for 3 experts"),
        (Wanted(rate=1.0, prompt_tokens="0"), "`--prompt-tokens` is '0'"),
        (Wanted(rate=1e9), "more than 20,000,000 requests"),
        (Wanted(rate=0.001, duration="1s"), "nobody asks for anything"),
    ],
)
def test_options_that_make_no_sense_are_told(
    composition: Composition, wanted: Wanted, told: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        workload(composition, wanted)
    assert told in str(caught.value)
