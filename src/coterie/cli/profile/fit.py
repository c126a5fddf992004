"""`coterie profile fit`: a machine as journals of a live system have it."""

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct, structs

from coterie.cli.client import AsJson
from coterie.cli.composed import check_free, write
from coterie.cli.journals import opened
from coterie.cli.output import print_json
from coterie.cli.profile.fitted import as_json as report_of
from coterie.cli.profile.fitted import show
from coterie.cli.profile.naming import check_target, named
from coterie.cli.simulation.machines import usual_cpu
from coterie.cli.simulation.weighed import Library, Rows, cache_bytes, read_models
from coterie.cli.state import state_dir
from coterie.config import Composition, decode, nearest
from coterie.config.finding import listed
from coterie.controller import read
from coterie.errors import BadRequest, CommandError, JournalUnusable, ProfileInvalid
from coterie.hardware.catalogue import load, names
from coterie.hardware.deviations import deviations
from coterie.hardware.document import as_yaml
from coterie.hardware.document import decode as decode_profile
from coterie.hardware.fit import fitted
from coterie.hardware.model import WEIGHT_BYTES, Card, from_row
from coterie.hardware.observations import Seen
from coterie.hardware.observer import Observer
from coterie.hardware.profile import Profile
from coterie.scheduler import Snapshot
from coterie.scheduler.replay import Entry
from coterie.types import Footprint, device_id

REMARK = """Fitted by `coterie profile fit` to a journal. `sources` says where each figure is from,
`uncertainty` the standard error of what was fitted, as a part of the figure."""


class Cards(Struct, frozen=True):
    """What the cost model sees of experts, by name; `notes`: how that was come by."""

    by_name: dict[str, Card]
    notes: tuple[str, ...] = ()


def fit(
    journals: Annotated[
        list[Path],
        typer.Argument(
            metavar="JOURNAL...", help="Segments, or folders that hold segments, of like machines."
        ),
    ],
    profile: Annotated[
        str | None,
        typer.Option(
            help="Where to begin: a profile's name or file; what the journal does not tell stays "
            "as it has it. Default: the CPU that comes along, with the cores of this machine, "
            "which is right only if the journal is of this machine's processors."
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            help="The composition that was served: its experts' weights say how large they are. "
            "Default: as large as what replicas take, at 16 bits a parameter.",
        ),
    ] = None,
    models: Annotated[
        list[Path] | None,
        typer.Option(help="A JSON list with `params_b` of experts; may be given several times."),
    ] = None,
    expert: Annotated[
        list[str] | None,
        typer.Option(help="Only what this expert did; may be given several times."),
    ] = None,
    device: Annotated[
        str, typer.Option(help="Only what happened on this node, or NODE/DEVICE.")
    ] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the profile to this file.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What the profile is called. Default: as its file.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
    state: Annotated[
        Path | None, typer.Option(help="Where fetched weights are; as `coterie up` is told.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fit a hardware profile to what journals say of a live system.

    Loads, prompts and tokens that were alone on their machine say what it reaches, and what each
    of them takes besides; the rest is compared with the model. It says how far the model is off
    before and after, and what the journals do not tell.

    Example: coterie profile fit state/journal --file quickstart.yaml -o mine.yaml

    Example: coterie profile fit journal --profile h200 --models sizes.json -o fitted.yaml
    """
    if output is not None:
        check_free(output, force)
        check_target(output)
    called = named(name, output, "fitted")
    rows = read_models(models or ())
    composition = _composition(file)
    notes: list[str] = []
    start = _start(profile, composition, notes)
    seen = _observed(journals, start, device)
    known = _cards(seen, file, composition, rows, state)
    cards = _chosen(known.by_name, expert or [], seen)
    found = fitted(start, cards, seen)
    found = structs.replace(found, notes=(*notes, *known.notes, *found.notes))
    document = as_yaml(_titled(found.profile, called, seen), REMARK)
    written = decode_profile(document, "the profile to be written")
    before, after = deviations(start, cards, seen), deviations(written, cards, seen)
    if output is not None:
        write(output, document)
    if as_json:
        print_json({"profile": written, **report_of(start, found, seen, before, after)})
        return
    if output is None:
        typer.echo(document.decode(), nl=False)
    show(start, found, seen, before, after)


def _start(name: str | None, composition: Composition | None, notes: list[str]) -> Profile:
    """Raises ProfileInvalid where nothing is known of what computes."""
    if name is not None:
        return load(name)
    for node in composition.nodes if composition else ():
        for device in node.devices:
            if device.kind != "cpu":
                name = device_id(node.name, device.name)
                raise ProfileInvalid(
                    f"device {name!r} is of kind {device.kind!r}, of which nothing is known: give "
                    f"`--profile NAME`, one of {', '.join(names())}, or the file of another"
                )
    return usual_cpu(notes)


def _composition(file: Path | None) -> Composition | None:
    if file is None:
        return None
    try:
        return decode(file.read_bytes(), file.name)
    except OSError as error:
        raise CommandError(f"{str(file)!r} cannot be read: {error.strerror or error}") from error


def _observed(journals: list[Path], start: Profile, place: str) -> Seen:
    """What all journals tell. Raises JournalUnusable, or BadRequest where the place is in none."""
    observer = Observer(shares_cores=bool(start.cores), place=place)
    paths = [journal.resolve() for journal in journals]
    for number, path in enumerate(paths):
        if path in paths[:number]:
            raise BadRequest(f"journal {str(journals[number])!r} is given twice: keep one")
        _take(journals[number], observer)
    if place and place not in (*observer.devices, *observer.devices.values()):
        there = listed(list(dict.fromkeys((*observer.devices.values(), *observer.devices))))
        raise BadRequest(f"`--device`: there is no {place!r}; there are {there}", "device")
    if not observer.seen.counts["answered"]:
        raise JournalUnusable(
            f"{_all(journals)} no request that was answered: there is nothing to be fitted to"
        )
    return observer.seen


def _take(journal: Path, observer: Observer) -> None:
    begun = False
    with opened(journal, "reading") as files:
        for entry in _lines(files):
            if not begun and not isinstance(entry, Snapshot):
                raise JournalUnusable(
                    f"{str(journal)!r}: a journal begins with a snapshot; this one begins in the "
                    "middle"
                )
            begun = True
            observer.take(entry)
    if not begun:
        raise JournalUnusable(f"{str(journal)!r} is empty: it has not even a snapshot")
    observer.end()


def _lines(files: Iterator[Path]) -> Iterator[Entry]:
    try:
        yield from chain.from_iterable(map(read, files))
    except JournalUnusable as error:
        raise JournalUnusable(
            f"{error}: it is damaged, or no journal, or that of another version of Coterie"
        ) from error


def _all(journals: list[Path]) -> str:
    verb = "has" if len(journals) == 1 else "have"
    return f"{listed([str(journal) for journal in journals])} {verb}"


def _cards(
    seen: Seen, file: Path | None, composition: Composition | None, rows: Rows, state: Path | None
) -> Cards:
    """By the composition's weights, else by lists, else by what replicas take."""
    if file is not None and composition is not None:
        place = state_dir(state, composition.name)
        weighed = Library(file.resolve().parent, place, rows).weigh(composition.experts)
        return Cards(weighed.cards, weighed.notes)
    found = {name: from_row(row) for name, row in rows.items()}
    guessed = {
        name: _guessed(name, footprint)
        for name, footprint in sorted(seen.footprints.items())
        if name not in found and footprint.hot
    }
    found = {
        name: card if card.kv_bytes_per_token else structs.replace(
            card, kv_bytes_per_token=cache_bytes(card)
        )
        for name, card in (found | guessed).items()
    }  # fmt: skip
    if not guessed:
        return Cards(found)
    return Cards(
        found,
        (
            f"{listed(list(guessed), 3)}: taken for models of 16 bits as large as the largest part "
            "of what a replica takes; `--file COMPOSITION` says it better",
        ),
    )


def _guessed(name: str, footprint: Footprint) -> Card:
    size = max(part.size_bytes for part in footprint.hot)
    return Card(name=name, weight_bytes=size, parameters=size / WEIGHT_BYTES)


def _chosen(cards: Mapping[str, Card], wanted: list[str], seen: Seen) -> dict[str, Card]:
    """Those that are wanted, of which anything was seen. Raises BadRequest, CommandError."""
    for name in wanted:
        if name not in seen.footprints:
            hint = nearest(name, list(seen.footprints))
            there = hint or f"; there are {listed(list(seen.footprints)) or 'none'}"
            raise BadRequest(f"`--expert`: no journal has an expert {name!r}{there}", "expert")
    chosen = {
        name: card
        for name, card in cards.items()
        if card.weight_bytes and (name in wanted or not wanted)
    }
    asked = seen.experts()
    if not any(name in chosen for name in asked):
        raise CommandError(
            f"of {listed(list(asked)) or 'the experts'} it is not known how large they are: "
            "give the composition with `--file`, or their sizes with `--models`"
        )
    return chosen


def _titled(profile: Profile, called: str, seen: Seen) -> Profile:
    about = profile.about.rstrip(". ")
    answered = f"fitted to {seen.counts['answered']:,} answers of a live system."
    text = f"{about}; {answered}" if about else answered[0].upper() + answered[1:]
    return structs.replace(profile, name=called, about=text)
