"""What was measured again and again, as a profile: medians, and how far repetitions lie apart."""

from collections.abc import Mapping, Sequence
from math import hypot
from statistics import median, quantiles

from msgspec import Struct, structs

from coterie.errors import ProfileInvalid
from coterie.hardware.calibrate import Observed, Step, calibrated
from coterie.hardware.least_squares import line
from coterie.hardware.model import Card
from coterie.hardware.probes import Machine
from coterie.hardware.profile import Overheads, Profile, Tier, Tiers


class Samples(Struct, frozen=True):
    """Every repetition: bytes a second of memory and disk (none: it could not be measured), seconds
    of loads and unloads; prompts by the length that was asked for, each with its tokens and seconds
    to the first token; steps by the number of answers, with the context that they had.
    """

    read_rates: Sequence[float]
    copy_rates: Sequence[float]
    disk_rates: Sequence[float]
    disk_bytes: int
    loads: Sequence[float]
    unloads: Sequence[float]
    prompts: Mapping[int, Sequence[tuple[int, float]]]
    steps: Mapping[int, Sequence[float]]
    context: float


def spread(values: Sequence[float]) -> float:
    """Half the distance between the quartiles, as a part of the median; 0 of a single value."""
    if len(values) < 2:
        return 0.0
    first, middle, third = quantiles(values, n=4, method="inclusive")
    return (third - first) / 2 / middle


def observed(samples: Samples) -> Observed:
    """The median of each kind of prompt and step."""
    return Observed(
        prompts=[
            (round(median(tokens for tokens, _ in sent)), median(taken for _, taken in sent))
            for _, sent in sorted(samples.prompts.items())
        ],
        steps=[
            Step(batch, samples.context, median(taken))
            for batch, taken in sorted(samples.steps.items())
        ],
    )


def profile_of(name: str, machine: Machine, expert: str, card: Card, samples: Samples) -> Profile:
    """The profile of a machine without accelerators. Raises ProfileInvalid where longer prompts
    did not take longer.

    What the expert reaches is the least that there is: weights that fit into caches are read faster
    than memory.
    """
    found = observed(samples)
    token_s = line(found.prompts).slope
    if not token_s:
        raise ProfileInvalid(
            "longer prompts did not take longer: the machine is too busy to be measured, or the "
            "expert's context too short"
        )
    computed = [(card.prompt_operations(2) - card.prompt_operations(1)) / token_s]
    computed += [card.operations(one.batch) / one.seconds for one in found.steps]
    cached = samples.context * card.kv_bytes_per_token
    alone_s = min(one.seconds for one in found.steps if one.batch == 1)
    read = (median(samples.read_rates), (card.bytes_read(1) + cached) / alone_s)
    disk = None
    if samples.disk_rates:
        disk = Tier(samples.disk_bytes, rounded(median(samples.disk_rates)))
    memory = machine.memory_bytes
    profile = Profile(
        name=name,
        about=f"{machine.processor}, {machine.cores} cores, measured with {expert}.",
        cores=machine.cores,
        tiers=Tiers(
            hot=Tier(memory, rounded(max(read))),
            host=Tier(memory, rounded(median(samples.copy_rates))),
            disk=disk,
        ),
        compute=rounded(max(computed)),
        overheads=Overheads(load=median(samples.loads), unload=median(samples.unloads)),
        sources=_sources(machine, expert, samples, from_cache=read[1] > read[0]),
    )
    return _rounded(_with_spread(calibrated(profile, card, found), samples))


def rounded(value: float) -> float:
    """Four digits: more are never repeated."""
    return float(f"{value:.4g}")


def _with_spread(profile: Profile, samples: Samples) -> Profile:
    """The uncertainty of a fit, together with that of the medians it was fitted to."""
    prompts = median(spread([taken for _, taken in sent]) for sent in samples.prompts.values())
    steps = median(map(spread, samples.steps.values()))
    known = profile.uncertainty
    compute = hypot(known["efficiency.prefill"], prompts)
    found = {
        "tiers.hot.bandwidth": spread(samples.read_rates),
        "tiers.host.bandwidth": spread(samples.copy_rates),
        "tiers.disk.bandwidth": spread(samples.disk_rates),
        "compute": compute,
        "efficiency.decode": hypot(known.get("efficiency.decode", 0.0), steps),
        "efficiency.bandwidth": hypot(known["efficiency.bandwidth"], steps),
        "overheads.first_token": hypot(known.get("overheads.first_token", 0.0), prompts),
        "overheads.load": spread(samples.loads),
        "overheads.unload": spread(samples.unloads),
    }
    figures = profile.figures()  # of what is none, or not there, no part can be uncertain
    return structs.replace(
        profile, uncertainty={path: part for path, part in found.items() if figures.get(path)}
    )


def _rounded(profile: Profile) -> Profile:
    efficiency, overheads = profile.efficiency, profile.overheads
    return structs.replace(
        profile,
        efficiency=structs.replace(
            efficiency,
            **{
                one.name: rounded(getattr(efficiency, one.name))
                for one in structs.fields(efficiency)
            },
        ),
        overheads=structs.replace(
            overheads,
            **{
                one.name: rounded(getattr(overheads, one.name)) for one in structs.fields(overheads)
            },
        ),
        uncertainty={path: float(f"{part:.2g}") for path, part in profile.uncertainty.items()},
    )


def _sources(
    machine: Machine, expert: str, samples: Samples, *, from_cache: bool
) -> dict[str, str]:
    threads = f"{machine.cores} threads"
    lengths = ", ".join(map(str, sorted(samples.prompts)))
    batches = ", ".join(map(str, sorted(samples.steps)))
    found = {
        "devices": "one replica runs on one machine",
        "cores": "the system",
        "tiers.hot.bytes": "the system; hot and host are the same memory",
        "tiers.hot.bandwidth": f"measured: a search through memory by {threads}, median of "
        f"{len(samples.read_rates)}",
        "tiers.host.bytes": "the system; hot and host are the same memory",
        "tiers.host.bandwidth": f"measured: copies of memory by {threads}, median of "
        f"{len(samples.copy_rates)}",
        "tiers.disk.bytes": "the system: the disk that the weights are on",
        "tiers.disk.bandwidth": "measured: weights read once the page cache had forgotten them, "
        f"median of {len(samples.disk_rates)}",
        "compute": f"measured: what prompts of {lengths} tokens to {expert} reach",
        "efficiency.prefill": "by definition: compute is what prompts reach",
        "efficiency.decode": f"fitted to the output of {batches} answers at once",
        "efficiency.bandwidth": f"fitted to the output of {min(samples.steps)} answer at once",
        "efficiency.link": "there are no links",
        "overheads.first_token": f"fitted to prompts of {lengths} tokens",
        "overheads.token": "taken to be none: it cannot be told from bandwidth by one expert",
        "overheads.load": f"measured: loads from memory of {expert}, median of "
        f"{len(samples.loads)}",
        "overheads.unload": f"measured: unloads, median of {len(samples.unloads)}",
    }
    if from_cache:
        found["tiers.hot.bandwidth"] = (
            f"measured: weights of {expert} read for output tokens, from caches: more than memory "
            "by itself gives"
        )
    if not samples.disk_rates:
        del found["tiers.disk.bytes"], found["tiers.disk.bandwidth"]
    return found
