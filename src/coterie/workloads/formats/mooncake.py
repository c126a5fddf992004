"""Mooncake's traces: milliseconds, tokens, and hashes of the prompt in blocks of 512 tokens.

A hash stands for its block and all before it, so two prompts have one in common exactly where they
begin alike. Requests belong to one conversation (`session`) if they begin alike beyond the system
prompt: their session is the first block that is none of it. Blocks are the system prompt if 5 % of
the first 2,000 requests have them (of few requests: 20 of them, or half). A prompt that ends before
such a block belongs to no conversation. What this cannot tell apart are conversations that begin
with the same block of 512 tokens.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, islice

import msgspec
from msgspec import Struct, structs

from coterie.errors import TraceInvalid
from coterie.workloads import cells
from coterie.workloads.formats.format import TraceOptions
from coterie.workloads.lines import Lines
from coterie.workloads.requests import Arrival

SYSTEM_SHARE = 0.05
LOOKED_AT = 2000
FEWEST = 20


class _Request(Struct, gc=False):
    timestamp: float
    input_length: int
    output_length: int
    hash_ids: tuple[int, ...] = ()


def read_mooncake(lines: Lines, options: TraceOptions) -> Iterator[Arrival]:
    """Arrivals without an expert. Raises TraceInvalid."""
    rows = _rows(lines)
    begun = [(lines.number, row) for row in islice(rows, LOOKED_AT)]
    system = _system([row.hash_ids for _, row in begun])
    for row in chain(_again(begun, lines), rows):
        session = next((block for block in row.hash_ids if block not in system), None)
        counts = structs.asdict(row)
        yield Arrival(
            cells.number(counts, "timestamp", lines) / 1000,
            "",
            cells.tokens(counts, "input_length", lines),
            cells.tokens(counts, "output_length", lines),
            session="" if session is None else f"b{session}",
        )


def _rows(lines: Lines) -> Iterator[_Request]:
    decode = msgspec.json.Decoder(_Request).decode
    for line in lines:
        if line.strip():
            try:
                yield decode(line)
            except msgspec.DecodeError as error:
                raise TraceInvalid(f"{lines}: no request of a Mooncake trace: {error}") from error


def _again(begun: Sequence[tuple[int, _Request]], lines: Lines) -> Iterator[_Request]:
    """What was looked at ahead, each with the number of its line for who finds fault with it."""
    read = lines.number
    for number, row in begun:
        lines.number = number
        yield row
    lines.number = read


def _system(prompts: Sequence[Sequence[int]]) -> dict[int, int]:
    """The blocks of system prompts: those that many of the prompts have."""
    counts: dict[int, int] = {}
    for blocks in prompts:
        for block in blocks:
            counts[block] = counts.get(block, 0) + 1
    least = max(min(FEWEST, len(prompts) / 2), SYSTEM_SHARE * len(prompts))
    return {block: count for block, count in counts.items() if count >= least}
