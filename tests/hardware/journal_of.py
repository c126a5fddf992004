"""Journals of machines whose true profile is known, as the simulator would write them."""

from collections.abc import Mapping, Sequence
from random import Random

from coterie.config import Limits
from coterie.hardware.costs import figures, link_rate
from coterie.hardware.model import Card
from coterie.hardware.profile import Profile
from coterie.scheduler import Action, Event, Scheduler, policy
from coterie.scheduler import events as on
from coterie.scheduler.replay import Entry
from coterie.simulator import Place, Setup
from coterie.simulator.driver import Driver
from coterie.simulator.rides import BODY_BYTES, BYTES_PER_TOKEN

DEVICE, NODE = "n/d", "n"
LIMITS = Limits(queue=10_000, queue_per_expert=10_000, wait=1e6)


class Recording(Scheduler):
    """Keeps what it is told, and what it answers."""

    entries: list[Entry]

    def handle(self, event: Event) -> list[Action]:
        actions = super().handle(event)
        self.entries += [event, *actions]
        return actions


def journal(
    truth: Profile,
    cards: Mapping[str, Card],
    requests: Sequence[on.Arrived],
    *,
    context: int = 1024,
    slots: int = 4,
    room: int = 1,
) -> list[Entry]:
    """What a server with room for so many experts would have written."""
    core = Recording(policy("cost"), LIMITS)
    core.entries = [core.snapshot(0.0)]
    costs = {
        name: figures(truth, card, context=context, slots=slots) for name, card in cards.items()
    }
    largest = max(sum(part.size_bytes for part in one.parts) for one in costs.values())
    device = on.DeviceJoined(0.0, DEVICE, NODE, int(largest * room))
    setup = Setup(
        "cost",
        LIMITS,
        (device,),
        tuple(on.Declared(0.0, name, slots=slots) for name in cards),
        {"": costs},
        {NODE: float(truth.cores or 1)},
        {DEVICE: NODE},
        {DEVICE: ""},
        (Place(NODE, link=link_rate(truth)),),
        lanes={DEVICE: link_rate(truth)},
    )
    Driver(core, setup).run(requests)
    return core.entries


def asked(names: Sequence[str], count: int, rate: float, seed: int = 1) -> list[on.Arrived]:
    """Requests of many lengths, at random times; experts take turns of ten requests."""
    draw = Random(seed)
    at, found = 0.0, []
    for number in range(count):
        at += draw.expovariate(rate)
        tokens = round(2 ** draw.uniform(5, 9.5))
        found.append(
            on.Arrived(
                at,
                f"r{number:06}",
                names[number // 10 % len(names)],
                prompt_bytes=BODY_BYTES + BYTES_PER_TOKEN * tokens,
                output_tokens=draw.randint(16, 120),
            )
        )
    return found
