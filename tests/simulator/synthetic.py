"""Simulations that nobody ran: outcomes made by a rule that is simple enough to see through.

Each device answers one request at a time and holds `room` experts of one size. A request for
another takes the place of the one that was used longest ago.
"""

from collections import OrderedDict
from random import Random

from msgspec import Struct

from coterie.config import Limits
from coterie.scheduler import events as on
from coterie.simulator.outcome import Fault, Outcome, Queue, Residence
from coterie.simulator.setup import Place, Setup
from coterie.types import NO_BUDGET, Budget
from coterie.workloads import Answer

GIB = 1024**3
UNLOAD_S = 0.05
TOKEN_S = 0.02


class Shape(Struct, frozen=True):
    """What is made."""

    devices: int = 1
    experts: int = 6
    room: int = 3
    requests: int = 300
    rate: float = 1.0
    load_s: float = 0.6
    seed: int = 1
    policy: str = "cost"
    budget: Budget = NO_BUDGET
    tenants: tuple[str, ...] = ("",)
    patience_s: float = 60.0
    faults: tuple[Fault, ...] = ()
    names: str = "expert-{:02}"


class _Device:
    def __init__(self, name: str) -> None:
        self.name = name
        self.free_at = 0.0
        self.held: OrderedDict[str, Residence] = OrderedDict()


def made(shape: Shape) -> tuple[Setup, list[on.Arrived], Outcome]:
    """A set-up, requests, and what became of them."""
    draw = Random(shape.seed)
    devices = [_Device(f"node-{number // 8:02}/gpu{number % 8}") for number in range(shape.devices)]
    names = [shape.names.format(number) for number in range(shape.experts)]
    weights = [1.0 / (place + 1) for place in range(shape.experts)]
    outcome = Outcome(faults=list(shape.faults))
    requests = []
    waiting: list[float] = []  # when those who wait will be answered
    at_s = 0.0
    for number in range(shape.requests):
        at_s += draw.expovariate(shape.rate)
        name = draw.choices(names, weights)[0]
        request = on.Arrived(
            at_s,
            f"r{number:07}",
            name,
            output_tokens=draw.randint(8, 60),
            tenant=shape.tenants[number % len(shape.tenants)],
            budget=shape.budget,
        )
        requests.append(request)
        home = names.index(name) % len(devices)
        _answer(shape, request, devices[home], outcome)
        waiting = [end for end in waiting if end > at_s]
        outcome.queue.append(Queue(at_s, max(0, len(waiting) - 1), min(1, len(waiting))))
        waiting.append(at_s + outcome.answers[-1].total_s)
    ends = [answer.sent_s + answer.total_s for answer in outcome.answers]
    outcome.end_s = max(ends, default=0.0)
    outcome.moved_bytes = len(outcome.residences) * GIB
    outcome.read_bytes = len({stay.expert for stay in outcome.residences}) * GIB
    return _setup(shape, [device.name for device in devices], names), requests, outcome


def _answer(shape: Shape, request: on.Arrived, device: _Device, outcome: Outcome) -> None:
    begin_s = max(request.at, device.free_at)
    waited_s = min(begin_s - request.at, shape.patience_s)
    outcome.waited_s = (outcome.waited_s or 0.0) + waited_s
    if begin_s - request.at > shape.patience_s:
        refused = Answer(request.expert, request.at, 503, shape.patience_s, error="wait_exceeded")
        outcome.answers.append(refused)
        return
    if request.expert not in device.held:
        begin_s = _load(shape, request.expert, device, begin_s, outcome)
    device.held.move_to_end(request.expert)
    device.held[request.expert].requests += 1
    first_s = begin_s + 0.05 - request.at
    total_s = first_s + TOKEN_S * (request.output_tokens - 1)
    device.free_at = request.at + total_s
    busy = outcome.busy_s
    busy[device.name] = busy.get(device.name, 0.0) + device.free_at - begin_s
    outcome.answers.append(
        Answer(
            request.expert,
            request.at,
            200,
            total_s,
            first_s=first_s,
            prompt_tokens=40,
            output_tokens=request.output_tokens,
        )
    )


def _load(shape: Shape, expert: str, device: _Device, begin_s: float, outcome: Outcome) -> float:
    """Loads it, in another's place where there is no room; gives when it is hot."""
    if len(device.held) == shape.room:
        _, left = device.held.popitem(last=False)
        left.leaves_s, left.gone_s = begin_s, begin_s + UNLOAD_S
        left.ending = f"room for {expert!r}"
        begin_s = left.gone_s
    stay = Residence(
        expert,
        device.name,
        GIB,
        begin_s,
        begin_s + shape.load_s,
        reason="1 waiting, the oldest 0.000 s",
    )
    device.held[expert] = stay
    outcome.residences.append(stay)
    return stay.hot_s


def _setup(shape: Shape, devices: list[str], names: list[str]) -> Setup:
    nodes = dict.fromkeys(device.partition("/")[0] for device in devices)
    return Setup(
        policy=shape.policy,
        limits=Limits(),
        devices=tuple(
            on.DeviceJoined(0.0, device, device.partition("/")[0], shape.room * GIB)
            for device in devices
        ),
        experts=tuple(on.Declared(0.0, name) for name in names),
        figures={"gpu": {}},
        cores=dict.fromkeys(devices, 1.0),
        computes={device: device for device in devices},
        kinds=dict.fromkeys(devices, "gpu"),
        places=tuple(Place(node, 64e9, 2e9, 64 * GIB) for node in nodes),
        tenants=tuple(on.TenantDeclared(0.0, tenant) for tenant in shape.tenants if tenant),
    )
