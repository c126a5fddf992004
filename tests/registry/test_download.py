import asyncio
from pathlib import Path

import pytest

from coterie.errors import FetchFailed, WeightsNotFound
from coterie.registry.disk import SPARE_BYTES, Disk
from coterie.registry.download import Remote, Retries, download
from coterie.registry.partial import Partial
from coterie.testing.file_host import Fault, FileHost

AT_ONCE = Retries(attempts=4, first_s=0.0)


class Fetch:
    """One file to download, again and again."""

    def __init__(self, folder: Path, host: FileHost) -> None:
        self.target = folder / "weights" / "m.gguf"
        self.host = host
        self.disk = Disk(folder / "weights")
        self.retries = AT_ONCE
        self.heard: list[tuple[int, int | None]] = []

    async def __call__(self) -> bytes:
        """What a whole download leaves as the final file."""
        remote = Remote(self.host.url, {"X-Token": "t"})
        with await asyncio.to_thread(Partial, self.target) as partial:
            await download(remote, partial, self.disk, self.retries, self.hear)
            partial.commit()
        return self.target.read_bytes()

    def hear(self, done_bytes: int, total_bytes: int | None) -> None:
        self.heard.append((done_bytes, total_bytes))
        self.host.hear(done_bytes, total_bytes)

    async def broken_off(self) -> int:
        """Lets a download break off in the middle; how many bytes stay."""
        self.retries = Retries(attempts=1)
        self.host.faults = ["drop"]
        with pytest.raises(FetchFailed, match="not delivered in 1 attempts"):
            await self()
        self.retries = AT_ONCE
        self.host.ranges.clear()
        return self.target.with_name("m.gguf.partial").stat().st_size


@pytest.fixture
def fetch(tmp_path: Path, host: FileHost) -> Fetch:
    return Fetch(tmp_path, host)


async def test_a_file_comes_whole_with_its_progress(fetch: Fetch, host: FileHost) -> None:
    assert await fetch() == host.content
    assert fetch.heard[0] == (0, len(host.content))
    assert fetch.heard[-1] == (len(host.content), len(host.content))
    assert host.headers[0]["X-Token"] == "t"
    assert [path.name for path in fetch.target.parent.iterdir()] == ["m.gguf"]


async def test_a_dropped_connection_is_gone_on_from_at_once(fetch: Fetch, host: FileHost) -> None:
    host.faults = ["drop"]
    assert await fetch() == host.content
    first, second = host.ranges
    assert first is None
    assert second is not None
    assert 1 << 20 <= int(second.removeprefix("bytes=").removesuffix("-")) <= host.drop_at


async def test_a_later_process_goes_on_where_an_earlier_ended(fetch: Fetch, host: FileHost) -> None:
    kept = await fetch.broken_off()
    assert kept >= 1 << 20
    fetch.heard.clear()
    assert await fetch() == host.content
    assert host.ranges == [f"bytes={kept}-"]
    assert fetch.heard[0] == (kept, len(host.content))


async def test_a_host_without_ranges_is_fetched_from_anew(fetch: Fetch, host: FileHost) -> None:
    await fetch.broken_off()
    host.faults = ["ignore-range"]
    assert await fetch() == host.content


@pytest.mark.parametrize("old", ['"v0"', 'W/"v0"'])
async def test_a_file_that_changed_is_fetched_anew(fetch: Fetch, host: FileHost, old: str) -> None:
    """A strong validator goes into If-Range; a weak one may not: the answer's is compared."""
    host.etag = old
    await fetch.broken_off()
    host.etag, host.content = '"v2"', bytes(reversed(host.content))
    assert await fetch() == host.content


async def test_a_file_that_shrank_is_fetched_anew(fetch: Fetch, host: FileHost) -> None:
    await fetch.broken_off()
    host.content = host.content[:100]
    assert await fetch() == host.content
    assert host.ranges[-1] is None


async def test_an_answer_from_another_place_is_not_appended(fetch: Fetch, host: FileHost) -> None:
    await fetch.broken_off()
    host.faults = ["wrong-range"]
    assert await fetch() == host.content


async def test_without_a_validator_nothing_is_gone_on_from(fetch: Fetch, host: FileHost) -> None:
    await fetch.broken_off()
    note = fetch.target.with_name("m.gguf.partial.json")
    note.write_bytes(note.read_bytes().replace(b'\\"v1\\"', b""))
    assert await fetch() == host.content
    assert host.ranges == [None]


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff", b'{"url": 3}'])
async def test_a_damaged_note_begins_anew(fetch: Fetch, host: FileHost, damage: bytes) -> None:
    await fetch.broken_off()
    fetch.target.with_name("m.gguf.partial.json").write_bytes(damage)
    assert await fetch() == host.content
    assert host.ranges == [None]


async def test_a_whole_partial_file_needs_no_request(fetch: Fetch, host: FileHost) -> None:
    await fetch.broken_off()
    partial = fetch.target.with_name("m.gguf.partial")
    partial.write_bytes(host.content)
    assert await fetch() == host.content
    assert host.ranges == []


@pytest.mark.parametrize("fault", ["busy", "drop", "short-length"])
async def test_attempts_are_bounded(fetch: Fetch, host: FileHost, fault: Fault) -> None:
    host.drop_at = 0
    host.always = fault
    with pytest.raises(FetchFailed, match="in 4 attempts") as error:
        await fetch()
    assert len(host.ranges) == 4
    assert not fetch.target.exists()
    assert "\n" not in str(error.value)


async def test_a_busy_host_is_tried_again(fetch: Fetch, host: FileHost) -> None:
    host.faults = ["busy", "busy", "busy"]
    assert await fetch() == host.content


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (404, WeightsNotFound, "does not exist there"),
        (410, WeightsNotFound, "does not exist there"),
        (403, FetchFailed, "check access and the token"),
        (400, FetchFailed, "answered HTTP 400"),
    ],
)
async def test_a_refusal_is_not_tried_again(
    fetch: Fetch, host: FileHost, status: int, error: type[Exception], words: str
) -> None:
    host.status = status
    host.url += "?key=secret"
    with pytest.raises(error, match=words) as refusal:
        await fetch()
    assert len(host.ranges) == 1
    assert "secret" not in str(refusal.value)


async def test_nobody_at_home_is_said(fetch: Fetch, host: FileHost) -> None:
    host.url = "http://127.0.0.1:1/m.gguf"
    with pytest.raises(FetchFailed, match="Cannot connect"):
        await fetch()


async def test_room_is_asked_for_before_the_body(fetch: Fetch, host: FileHost) -> None:
    fetch.disk = Disk(fetch.target.parent, free=lambda _: SPARE_BYTES + 100)
    with pytest.raises(FetchFailed, match="no room"):
        await fetch()
    assert fetch.target.with_name("m.gguf.partial").stat().st_size == 0


async def test_a_cancelled_download_keeps_what_came(fetch: Fetch, host: FileHost) -> None:
    host.faults = ["stall"]
    begun = asyncio.Event()
    remote = Remote(host.url)
    with await asyncio.to_thread(Partial, fetch.target) as partial:
        task = asyncio.create_task(
            download(remote, partial, fetch.disk, AT_ONCE, lambda *_: begun.set())
        )
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    host.released.set()
    assert await fetch() == host.content


def test_waits_double_up_to_a_bound_and_heed_the_host() -> None:
    retries = Retries(first_s=1.0, longest_s=10.0)
    assert [retries.wait_s(failures, 0.0) for failures in (1, 2, 3, 9)] == [1.0, 2.0, 4.0, 10.0]
    assert retries.wait_s(1, 5.0) == 5.0
    assert retries.wait_s(1, 1e9) == 10.0
