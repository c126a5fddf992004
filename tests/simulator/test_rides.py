"""Each request has one answer, in its place."""

from coterie.scheduler import Dispatch, Refuse
from coterie.scheduler import events as on
from coterie.simulator.rides import BODY_BYTES, BYTES_PER_TOKEN, MOST_SAMPLES, Rides, prompt_tokens


def request(name: str, at: float = 0.0) -> on.Arrived:
    return on.Arrived(
        at, name, "e", prompt_bytes=BODY_BYTES + 10 * BYTES_PER_TOKEN, output_tokens=5
    )


def test_answers_stand_in_the_order_of_arrival() -> None:
    rides = Rides()
    rides.begin(request("a", 1.0))
    rides.begin(request("b", 2.0))
    rides.refused(Refuse("b", "queue_full", "full", 1.0), 2.5)
    ride = rides.starts(Dispatch("a", "e@n/d", 1), 3.0)
    ride.first_s = 4.0
    rides.stops(ride, 4.0)
    rides.answered(ride, 6.0)
    first, second = rides.answers
    assert first is not None
    assert (first.first_s, first.total_s, first.prompt_tokens, first.output_tokens) == (3, 5, 10, 5)
    assert second is not None
    assert (second.status, second.error, second.total_s) == (429, "queue_full", 0.5)
    assert (rides.ended, rides.open) == (2, {})
    assert rides.waited_s == 2.0 + 0.5


def test_who_comes_again_waits_from_when_its_replica_was_gone() -> None:
    rides = Rides()
    rides.begin(request("a", 1.0))
    ride = rides.starts(Dispatch("a", "e@n/d", 1), 3.0)
    rides.stops(ride, 7.0)
    rides.starts(Dispatch("a", "e@n/d", 2), 7.5)
    assert rides.waited_s == 2.0 + 0.5


def test_a_stream_that_broke_off_began_well() -> None:
    rides = Rides()
    rides.begin(request("a"))
    rides.begin(request("b"))
    rides.open["a"].first_s = 1.0
    for name in "ab":
        rides.failed(rides.open[name], 2.0, "the worker crashed")
    assert [answer.status for answer in rides.answers if answer] == [200, 502]
    assert not any(answer.is_good for answer in rides.answers if answer)


def test_samples_are_few_however_long_it_takes() -> None:
    rides = Rides()
    for number in range(10 * MOST_SAMPLES):
        rides.sample(float(number))
    assert MOST_SAMPLES // 4 < len(rides.queue) <= MOST_SAMPLES
    times = [sample.at_s for sample in rides.queue]
    assert times == sorted(times)
    assert times[-1] > 9 * MOST_SAMPLES


def test_a_request_without_a_body_has_no_prompt() -> None:
    assert prompt_tokens(on.Arrived(0.0, "r", "e")) == 0
    assert prompt_tokens(request("r")) == 10
