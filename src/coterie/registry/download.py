"""A download goes on where it broke off, or begins anew if the remote file may have changed.

Two versions are never mixed: beside the partial file lies a note of what is being fetched, with its
validator (ETag or Last-Modified) and its size. Every wait, retry and buffer is bounded.
"""

import asyncio
import errno
import re
from urllib.parse import urlsplit

import aiohttp
import msgspec
from msgspec import Struct, field

from coterie.errors import FetchFailed, WeightsNotFound
from coterie.registry.disk import Disk
from coterie.registry.jobs import Progress, in_thread
from coterie.registry.partial import Partial
from coterie.registry.sources import is_loopback, without_query

BUFFER_BYTES = 1 << 20
PROGRESS_BYTES = 8 << 20  # an attempt that brought as much starts the count of failures anew
CONNECT_S = 20.0
SILENCE_S = 60.0
TRANSIENT = frozenset((408, 416, 425, 429, 500, 502, 503, 504))


class Remote(Struct, frozen=True):
    """A file to fetch, and its `sha256` where the host has told it."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    sha256: str = ""


class Retries(Struct, frozen=True):
    """How often a file is tried without progress; waits double from `first_s` to `longest_s`."""

    attempts: int = 6
    first_s: float = 0.5
    longest_s: float = 15.0

    def wait_s(self, failures: int, asked_s: float) -> float:
        return min(self.longest_s, max(asked_s, self.first_s * 2.0 ** (failures - 1)))


class _Note(Struct, frozen=True):
    url: str = ""
    validator: str = ""
    total_bytes: int | None = None


class _Broken(Exception):
    """An attempt failed in a way that may pass."""

    def __init__(self, reason: str, retry_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


async def download(
    remote: Remote, partial: Partial, disk: Disk, retries: Retries, report: Progress
) -> None:
    """Fills `partial` with the whole remote file.

    Raises WeightsNotFound where there is none; FetchFailed where it cannot be had. What was fetched
    stays, to go on from.
    """
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=SILENCE_S)
    is_remote = not is_loopback(urlsplit(remote.url).hostname)
    failures = 0
    async with aiohttp.ClientSession(
        timeout=timeout, auto_decompress=False, trust_env=is_remote
    ) as session:
        while True:
            before_bytes = partial.size_bytes
            try:
                await _attempt(session, remote, partial, disk, report)
                return
            except _Broken as broken:
                got_on = partial.size_bytes - before_bytes >= PROGRESS_BYTES
                failures = 1 if got_on else failures + 1
                if failures >= retries.attempts:
                    raise FetchFailed(
                        f"{without_query(remote.url)!r} was not delivered in {failures} attempts "
                        f"(the last: {broken}): check the network and the host; "
                        f"{partial.size_bytes:,} bytes are kept to go on from"
                    ) from broken
                await asyncio.sleep(retries.wait_s(failures, broken.retry_after_s))


async def _attempt(
    session: aiohttp.ClientSession, remote: Remote, partial: Partial, disk: Disk, report: Progress
) -> None:
    note = _read_note(partial, remote.url)
    if note.total_bytes is not None and partial.size_bytes == note.total_bytes:
        return
    if not note.validator or partial.size_bytes > (note.total_bytes or partial.size_bytes):
        await in_thread(lambda _: partial.clear())
    try:
        async with session.get(
            remote.url, headers=_request_headers(remote, note, partial.size_bytes)
        ) as response:
            note = await _begin(response, remote, note, partial)
            async with disk.hold(
                partial.path, note.total_bytes or partial.size_bytes
            ) as most_bytes:
                await _receive(response, partial, note.total_bytes, most_bytes, report)
    except (
        aiohttp.InvalidURL,
        aiohttp.TooManyRedirects,
        aiohttp.ClientConnectorCertificateError,
    ) as error:
        raise FetchFailed(
            f"{without_query(remote.url)!r} cannot be fetched: {_reason(error)}"
        ) from error
    except (aiohttp.ClientError, TimeoutError) as error:
        raise _Broken(_reason(error)) from error
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise FetchFailed(
            f"cannot write {str(partial.path)!r}: {error.strerror}"
            + (": make room on the disk" if full else "")
        ) from error
    if note.total_bytes is not None and partial.size_bytes != note.total_bytes:
        raise _Broken(f"{partial.size_bytes:,} of {note.total_bytes:,} bytes came")


def _read_note(partial: Partial, url: str) -> _Note:
    try:
        note = msgspec.json.decode(partial.read_note() or b"{}", type=_Note)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _Note()
    return note if note.url == url else _Note()


def _request_headers(remote: Remote, note: _Note, from_bytes: int) -> dict[str, str]:
    headers = {**remote.headers, "Accept-Encoding": "identity"}
    if from_bytes:
        headers["Range"] = f"bytes={from_bytes}-"
        if not note.validator.startswith("W/"):
            headers["If-Range"] = note.validator
    return headers


async def _begin(
    response: aiohttp.ClientResponse, remote: Remote, note: _Note, partial: Partial
) -> _Note:
    """Judges an answer's head; makes `partial` end where its body begins; gives the note."""
    _check_way(response, remote)
    validator = response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
    encoding = response.headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        raise FetchFailed(
            f"{without_query(remote.url)!r} comes encoded as {encoding!r}: expected the plain file"
        )
    if response.status == 206:
        spot = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
        goes_on = (
            spot is not None
            and int(spot[1]) == partial.size_bytes
            and int(spot[2]) == note.total_bytes
        )
        if goes_on and validator in ("", note.validator):
            return note
    elif response.status == 200:
        await in_thread(lambda _: partial.clear())
        note = _Note(remote.url, validator, response.content_length)
        await in_thread(lambda _: partial.write_note(msgspec.json.encode(note)))
        return note
    else:
        _refuse_status(response, remote)
    await in_thread(lambda _: partial.clear())
    raise _Broken(
        "the remote file changed: beginning anew"
        if response.status == 206
        else f"HTTP {response.status}"
    )


def _check_way(response: aiohttp.ClientResponse, remote: Remote) -> None:
    """No step of the way, redirects included, leaves https for another machine."""
    for step in (*response.history, response):
        if step.url.scheme != "https" and not is_loopback(step.url.host):
            raise FetchFailed(
                f"{without_query(remote.url)!r} redirects to plain http on {step.url.host!r}: "
                "refused: use the final URL"
            )


def _refuse_status(response: aiohttp.ClientResponse, remote: Remote) -> None:
    """Raises for what is no file; returns for 416: the partial file is longer than the remote."""
    shown, status = without_query(remote.url), response.status
    if status in (404, 410):
        raise WeightsNotFound(f"{shown!r} does not exist there (HTTP {status}): check the URL")
    if status in (401, 403):
        raise FetchFailed(f"{shown!r} may not be read (HTTP {status}): check access and the token")
    if status not in TRANSIENT:
        raise FetchFailed(f"{shown!r} answered HTTP {status}, expected 200: check the URL")
    if status != 416:
        asked = response.headers.get("Retry-After", "")
        raise _Broken(f"HTTP {status}", float(asked) if asked.isdecimal() else 0.0)


async def _receive(
    response: aiohttp.ClientResponse,
    partial: Partial,
    total_bytes: int | None,
    most_bytes: int,
    report: Progress,
) -> None:
    report(partial.size_bytes, total_bytes)
    buffer = bytearray()
    try:
        async for chunk in response.content.iter_any():
            buffer += chunk
            if len(buffer) >= BUFFER_BYTES:
                await _flush(buffer, partial, total_bytes, most_bytes, report)
    finally:
        await _flush(buffer, partial, total_bytes, most_bytes, report)


async def _flush(
    buffer: bytearray, partial: Partial, total_bytes: int | None, most_bytes: int, report: Progress
) -> None:
    if not buffer:
        return
    if partial.size_bytes + len(buffer) > most_bytes:
        raise FetchFailed(
            f"{str(partial.path)!r} outgrows the {most_bytes:,} bytes that may be used for it: "
            "make room"
        )
    block = bytes(buffer)
    buffer.clear()
    await in_thread(lambda _: partial.append(block))
    report(partial.size_bytes, total_bytes)


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ").replace("\n", " ")
