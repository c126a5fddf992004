"""Given these entries of a journal, exactly this was seen."""

from collections.abc import Iterable

import pytest

from coterie.config import Limits
from coterie.hardware.observations import AnswerSeen, LoadSeen, PromptSeen, ReadSeen, Seen
from coterie.hardware.observer import Observer
from coterie.scheduler import Dispatch, Load, Scheduler, Unload, policy
from coterie.scheduler import events as on
from coterie.scheduler.phases import Phase
from coterie.scheduler.records import ReplicaRecord, RequestRecord
from coterie.scheduler.replay import Entry
from coterie.types import Footprint, Part

BEGIN = Scheduler(policy("cost"), Limits()).snapshot(0.0)
JOINED = (on.DeviceJoined(0.0, "n/d", "n", 100), on.DeviceJoined(0.0, "n/e", "n", 100))


def observed(*entries: Entry, shares_cores: bool = True, place: str = "") -> Seen:
    observer = Observer(shares_cores=shares_cores, place=place)
    for entry in (BEGIN, *JOINED, *entries):
        observer.take(entry)
    return observer.seen


def request(
    name: str,
    begins: float,
    first: float,
    ends: float,
    replica: str = "a@n/d",
    tokens: tuple[int, int] = (100, 11),
) -> list[tuple[float, Entry]]:
    """When it is dispatched, begins and ends; put in order with others by `played`."""
    dispatched: list[tuple[float, Entry]] = [
        (begins, on.Tick(begins)),
        (begins, Dispatch(name, replica, 1)),
    ]
    ended = on.Finished(
        ends, name, prompt_tokens=tokens[0], output_tokens=tokens[1], run_s=ends - begins
    )
    return [*dispatched, (first, on.Began(first, name)), (ends, ended)]


def played(*requests: Iterable[tuple[float, Entry]]) -> list[Entry]:
    every = [one for each in requests for one in each]
    return [entry for _, entry in sorted(every, key=lambda one: one[0])]


def test_a_request_alone_is_a_prompt_and_an_answer() -> None:
    seen = observed(*played(request("r", 1.0, 1.5, 2.5)))
    assert list(seen.prompts) == [PromptSeen("a", 100, 0.5)]
    assert list(seen.answers) == [AnswerSeen("a", 10, 105.5, 1.0)]
    assert seen.counts == {"answered": 1, "whole": 0, "uncounted": 0}


def test_two_answers_of_a_replica_are_a_batch_and_the_second_prompt_is_among_the_first() -> None:
    seen = observed(*played(request("r", 1.0, 2.0, 12.0), request("s", 2.0, 4.0, 12.0)))
    assert list(seen.prompts) == [PromptSeen("a", 100, 1.0)]
    assert list(seen.prompts_beside) == [PromptSeen("a", 100, 2.0, answers=1.0)]
    assert list(seen.answers) == [AnswerSeen("a", 10, 105.5, 8.0, batch=2.0)]
    (beside,) = seen.answers_beside
    assert beside.seconds == 10.0
    assert [beside.batch, beside.prompts] == pytest.approx([1.8, 0.2])


def test_replicas_on_devices_of_one_node_are_beside_each_other_where_they_share_cores() -> None:
    both = played(request("r", 1.0, 2.0, 4.0), request("s", 1.0, 2.0, 4.0, "b@n/e"))
    assert [one.beside for one in observed(*both).prompts_beside] == [1.0, 1.0]
    apart = observed(*both, shares_cores=False)
    assert [one.beside for one in apart.prompts] == [0.0, 0.0]
    assert len(apart.answers) == 2


def test_an_answer_that_came_whole_says_nothing_of_its_parts() -> None:
    whole = [one for one in request("r", 1.0, 1.5, 2.5) if not isinstance(one[1], on.Began)]
    seen = observed(*played(whole))
    assert (len(seen.prompts), len(seen.answers), seen.counts["whole"]) == (0, 0, 1)


def test_few_tokens_unknown_prompts_and_failures_are_left_out() -> None:
    brief = request("r", 1.0, 1.5, 1.6, tokens=(100, 3))
    nameless = request("s", 2.0, 2.5, 3.5, tokens=(0, 11))
    failed: list[tuple[float, Entry]] = [
        (4.0, on.Tick(4.0)),
        (4.0, Dispatch("t", "a@n/d", 1)),
        (5.0, on.Began(5.0, "t")),
        (6.0, on.Finished(6.0, "t", ok=False)),
    ]
    seen = observed(*played(brief, nameless, failed))
    assert [one.seconds for one in seen.prompts] == [0.5]
    assert [one.seconds for one in seen.answers] == [1.0]
    assert seen.counts == {"answered": 2, "whole": 0, "uncounted": 1, "failed": 1}


def load(at: float, replica: str, generation: int, load_s: float) -> list[tuple[float, Entry]]:
    return [
        (at, on.Tick(at)),
        (at, Load(replica, generation, replica.partition("@")[0], "n/d", at + 60)),
        (at + load_s, on.Loaded(at + load_s, replica, generation, load_s)),
    ]


def test_the_second_load_of_an_expert_and_one_after_a_read_are_of_weights_in_memory() -> None:
    seen = observed(
        *played(
            load(1.0, "a@n/d", 1, 0.5),
            load(2.0, "a@n/d", 2, 0.4),
            [(3.0, on.Staged(3.0, "b", "n/d", 1000, 0.1))],
            load(4.0, "b@n/d", 3, 0.3),
            [(5.0, on.Staged(5.0, "c", "n/d", 10, 0.1, reason="its load has begun"))],
            load(6.0, "c@n/d", 4, 0.2),
        )
    )
    assert list(seen.loads) == [
        LoadSeen("a", 0.5),
        LoadSeen("a", 0.4, is_again=True),
        LoadSeen("b", 0.3, is_again=True),
        LoadSeen("c", 0.2),
    ]
    assert list(seen.reads) == [ReadSeen(1000, 0.1)]


def test_the_first_prompt_after_a_load_is_none_like_the_others() -> None:
    seen = observed(
        *played(
            load(1.0, "a@n/d", 1, 0.5), request("r", 2.0, 3.0, 4.0), request("s", 5.0, 6.0, 7.0)
        )
    )
    assert [one.is_first for one in seen.prompts] == [True, False]


def test_loads_are_beside_what_computes_on_a_cpu_and_beside_loads_elsewhere() -> None:
    busy = played(load(1.0, "b@n/d", 1, 1.0), request("r", 0.5, 1.0, 3.0))
    assert [one.beside for one in observed(*busy).loads_beside] == [1.0]
    assert [one.beside for one in observed(*busy, shares_cores=False).loads] == [0.0]
    two = played(load(1.0, "b@n/d", 1, 1.0), load(1.0, "c@n/e", 2, 1.0))
    found = observed(*two, shares_cores=False)
    assert [one.beside for one in found.loads_beside] == [1.0, 1.0]


def test_a_load_that_failed_or_was_given_up_is_none_and_is_in_nobodys_way() -> None:
    given_up = played(load(1.0, "a@n/d", 1, 9.0)[:2])
    failed = on.LoadFailed(5.0, "b@n/d", 2, "no memory")
    seen = observed(
        *given_up,
        on.Tick(2.0),
        Unload("a@n/d", 1),
        on.Tick(3.0),
        Load("b@n/d", 2, "b", "n/d", 60.0),
        failed,
        *played(request("r", 6.0, 7.0, 8.0, "c@n/d")),
    )
    assert not list(seen.loads)
    assert [one.beside for one in seen.prompts] == [0.0]


def test_unloads_of_what_died_do_not_count() -> None:
    seen = observed(
        on.Unloaded(1.0, "a@n/d", 1, 0.5),
        on.Crashed(2.0, "b@n/d", 2, "killed"),
        on.Unloaded(3.0, "b@n/d", 2, 0.7),
        on.Unloaded(4.0, "b@n/d", 3, 0.6),
    )
    assert list(seen.unloads) == [0.5, 0.6]


def test_a_request_that_runs_across_segments_is_seen_as_a_whole() -> None:
    entries = played(request("r", 1.0, 2.0, 4.0))
    record = RequestRecord("r", "a", 1.0, 1.0, replica="a@n/d", begun=True)
    between = Scheduler(policy("cost"), Limits()).snapshot(3.0)
    between.requests.append(record)
    assert len(observed(*entries[:3], between, entries[3]).answers) == 1


def test_what_began_before_a_journal_is_not_seen_and_is_beside_what_is() -> None:
    between = Scheduler(policy("cost"), Limits()).snapshot(3.0)
    between.requests.append(RequestRecord("r", "a", 1.0, 1.0, replica="a@n/d", begun=True))
    between.replicas.append(ReplicaRecord("b@n/d", "b", "n/d", 7, Phase.LOADING, 2.0, (), ()))
    ended = on.Finished(9.0, "r", prompt_tokens=5, output_tokens=50)
    loaded = on.Loaded(9.5, "b@n/d", 7, 7.5)
    seen = observed(between, *played(request("s", 4.0, 5.0, 7.0)), ended, loaded)
    assert [(one.answers, one.beside) for one in seen.prompts_beside] == [(1.0, 1.0)]
    assert [one.batch for one in seen.answers_beside] == [2.0]
    assert not list(seen.loads) + list(seen.loads_beside)


def test_a_server_that_was_started_anew_has_none_of_the_requests_of_then() -> None:
    cut_off = played(request("r", 1.0, 2.0, 9.0))[:3]
    again = Scheduler(policy("cost"), Limits()).snapshot(20.0)
    seen = observed(*cut_off, again, *played(request("s", 21.0, 22.0, 24.0)))
    assert [one.beside + one.answers for one in seen.prompts] == [0.0]


def test_only_what_is_asked_for_is_seen_and_all_of_it_is_in_the_way() -> None:
    both = played(request("r", 1.0, 2.0, 4.0), request("s", 1.0, 2.0, 4.0, "b@n/e"))
    seen = observed(*both, place="n/e")
    assert [one.expert for one in seen.prompts_beside] == ["b"]
    assert seen.counts["answered"] == 1
    assert len(observed(*both, place="n").prompts_beside) == 2


def test_a_node_that_left_takes_its_loads_with_it() -> None:
    seen = observed(
        *played(load(1.0, "a@n/d", 1, 9.0)[:2]),
        on.NodeLeft(2.0, "n", "gone"),
        *played(request("r", 3.0, 4.0, 5.0)),
    )
    assert [one.beside for one in seen.prompts] == [0.0]


def test_another_attempt_begins_anew() -> None:
    first = played(request("r", 1.0, 2.0, 9.0))[:2]
    seen = observed(*first, *played(request("r", 3.0, 4.0, 6.0)))
    assert [(one.seconds, one.prompts) for one in seen.prompts] == [(1.0, 0.0)]


def test_what_experts_take_is_known_from_their_fetching() -> None:
    footprint = Footprint((Part("x", 5),))
    assert observed(on.Fetched(1.0, "a", footprint)).footprints == {"a": footprint}
