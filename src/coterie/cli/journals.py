"""A journal as commands are given it: a segment, or the folder that holds segments."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from coterie.controller import segments
from coterie.errors import JournalUnusable


@contextmanager
def opened(journal: Path, doing: str) -> Iterator[Iterator[Path]]:
    """The files of a journal, the oldest first, with a progress bar over them. Raises
    JournalUnusable where there is none, or where one cannot be read within the block.
    """
    console = Console(stderr=True)
    try:
        files = segments(journal) if journal.is_dir() else [journal]
        if not files:
            raise JournalUnusable(f"{str(journal)!r} holds no journal segment (NNNNNNNNNN.jsonl)")
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            yield iter(progress.track(files, description=doing))
    except OSError as error:
        raise JournalUnusable(
            f"the journal {str(journal)!r} cannot be read: {error.strerror or error}"
        ) from error
