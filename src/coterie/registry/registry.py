"""Weights are their digest: whatever the source, what comes out is a verified file on local disk.

Nothing here opens a socket or writes a byte until `resolve` needs it, and no call blocks the loop.
"""

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlsplit

from coterie.errors import DigestMismatch, WeightsError, WeightsInvalid
from coterie.registry.assembly import assemble, assembled_folder, remove_older
from coterie.registry.digests import Digests, Identity, identity_of, sha256_of
from coterie.registry.disk import Disk
from coterie.registry.download import Remote, Retries, download
from coterie.registry.headers import read_header
from coterie.registry.hub import hub_problem, look_up
from coterie.registry.jobs import Jobs, Progress, in_thread
from coterie.registry.packages import Located, locate
from coterie.registry.partial import Partial
from coterie.registry.sources import FileSource, HubSource, PackageSource, UrlSource, parse_source
from coterie.types import Weights

PINS = "the composition pins"
HUB_SAYS = "the hub says"
SUMS_SAY = "its package's SHA256SUMS says"


class Registry:
    """Brings weights to the local disk and says what they are.

    `base_dir` is where relative `file://` paths begin; fetched and assembled files live in
    `state_dir`/weights, within `disk_bytes` (0: as the disk allows). One loop owns it.
    """

    def __init__(
        self,
        state_dir: Path,
        base_dir: Path,
        *,
        hub_token: str | None = None,
        hub_endpoint: str | None = None,
        disk_bytes: int = 0,
        retries: Retries | None = None,
    ) -> None:
        self._folder = state_dir / "weights"
        self._base_dir = base_dir
        self._hub_token = hub_token
        self._hub_endpoint = hub_endpoint
        self._retries = retries or Retries()
        self._disk = Disk(self._folder, disk_bytes)
        self._digests = Digests(state_dir / "digests.json")
        self._jobs: Jobs[Weights] = Jobs()
        self._turns: dict[str, asyncio.Lock] = {}
        self._known: dict[Path, tuple[Identity, Weights]] = {}
        self._canonical: dict[str, Path] = {}

    def problem(self, source: str) -> str | None:
        """What is wrong with a source, as far as can be told without fetching, in one line."""
        try:
            match parse_source(source):
                case FileSource(path):
                    read_header(self._local(path))
                case PackageSource() as package:
                    read_header(*locate(package).paths)
                case HubSource():
                    return hub_problem()
                case UrlSource():
                    pass
        except WeightsError as error:
            return str(error)
        return None

    def glance(self, source: str) -> Weights | None:
        """What weights on this machine are, by size and header alone, for estimates; None if they
        are still to be fetched.

        Nothing is hashed: their path stands in for the digest. Raises WeightsNotFound,
        WeightsInvalid.
        """
        match parse_source(source):
            case FileSource(path):
                paths: tuple[Path, ...] = (self._local(path).resolve(),)
            case PackageSource() as package:
                paths = locate(package).paths
            case HubSource() | UrlSource() as remote:
                paths = (self._kept(remote),)
                if not paths[0].is_file():
                    return None
        header = read_header(*paths)
        size_bytes = sum(path.stat().st_size for path in paths)
        return Weights(str(paths[0]), f"path:{paths[0]}", size_bytes, header)

    async def resolve(
        self, source: str, sha256: str = "", progress: Progress | None = None
    ) -> Weights:
        """The weights of a source, on the local disk and verified; `sha256` pins them.

        What was fetched once is used without the network, until it is deleted or another digest is
        pinned. Concurrent calls for one source share one job, which ends early only if all of them
        are cancelled. `progress` hears of fetched bytes: (done, total or None). Raises
        WeightsNotFound, WeightsInvalid, DigestMismatch, FetchFailed.
        """
        pin = f"sha256:{sha256}" if sha256 else ""
        return await self._jobs.run(
            (source, pin), lambda report: self._resolve(source, pin, report), progress
        )

    async def _resolve(self, source: str, pin: str, report: Progress) -> Weights:
        async with self._turns.setdefault(source, asyncio.Lock()):
            weights = await self._inspect(await self._bring(source, pin, report))
        if pin and weights.digest != pin:
            raise DigestMismatch(_mismatch(Path(weights.path), weights.digest, pin, PINS))
        return await self._shared(weights)

    async def _bring(self, source: str, pin: str, report: Progress) -> Path:
        match parse_source(source):
            case FileSource(path):
                return self._local(path)
            case PackageSource() as package:
                return await self._unpacked(package, report)
            case HubSource() as hub:
                return await self._fetched(
                    self._kept(hub),
                    pin,
                    report,
                    lambda: look_up(hub, self._hub_token, self._hub_endpoint),
                )
            case UrlSource(url) as source_url:
                return await self._fetched(self._kept(source_url), pin, report, lambda: Remote(url))

    async def _unpacked(self, package: PackageSource, report: Progress) -> Path:
        located = await asyncio.to_thread(locate, package)
        if len(located.paths) == 1:
            path = located.paths[0].resolve()
            digest = await self._digests.of(path) if located.sha256 else ""
            if digest.removeprefix("sha256:") != located.sha256:
                raise DigestMismatch(_mismatch(path, digest, located.sha256, SUMS_SAY))
            return path
        return await self._assembled(package, located, report)

    async def _assembled(self, package: PackageSource, located: Located, report: Progress) -> Path:
        whole = self._folder / "packages" / package.module / quote(package.file, safe="")
        folder = await asyncio.to_thread(assembled_folder, whole, located.paths)
        target = folder / Path(package.file).name
        if not await asyncio.to_thread(target.is_file):
            with Partial(target) as partial:
                await assemble(located.paths, partial, self._disk, report)
                shipped = f"sha256:{located.sha256}" if located.sha256 else ""
                await self._admit(partial, {SUMS_SAY: shipped})
            await asyncio.to_thread(remove_older, folder)
        return target

    async def _fetched(
        self, target: Path, pin: str, report: Progress, find: Callable[[], Remote]
    ) -> Path:
        if await asyncio.to_thread(target.is_file) and (
            not pin or await self._digests.of(target) == pin
        ):
            return target
        remote = await asyncio.to_thread(find)
        with Partial(target) as partial:
            await download(remote, partial, self._disk, self._retries, report)
            told = f"sha256:{remote.sha256}" if remote.sha256 else ""
            await self._admit(partial, {HUB_SAYS: told, PINS: pin})
        return target

    async def _admit(self, partial: Partial, expected: dict[str, str]) -> None:
        """Makes a complete partial file final if digest and header are right, else discards it."""
        try:
            digest = await in_thread(lambda stop: sha256_of(partial.path, stop))
            for who, wanted in expected.items():
                if wanted and digest != wanted:
                    raise DigestMismatch(_mismatch(partial.target, digest, wanted, who))
            await in_thread(lambda _: read_header(partial.path))
        except WeightsError:
            await in_thread(lambda _: partial.discard())
            raise
        await in_thread(lambda _: partial.commit())
        await self._digests.record(partial.target, digest)

    async def _inspect(self, path: Path) -> Weights:
        """What a local file is, from memory if it has not changed since."""
        path = await asyncio.to_thread(path.resolve)
        identity = identity_of(path)
        known = self._known.get(path)
        if known is not None and known[0] == identity:
            return known[1]
        header = await asyncio.to_thread(read_header, path)
        weights = Weights(str(path), await self._digests.of(path), identity.size_bytes, header)
        if identity_of(path) != identity:
            raise WeightsInvalid(
                f"weights {str(path)!r} changed while they were read: stop writing to them"
            )
        self._known[path] = (identity, weights)
        return weights

    async def _shared(self, weights: Weights) -> Weights:
        """The same bytes under the path that was first handed out, while it still holds them."""
        first = self._canonical.setdefault(weights.digest, Path(weights.path))
        if str(first) != weights.path:
            try:
                twin = await self._inspect(first)
            except WeightsError:
                twin = None
            if twin is not None and twin.digest == weights.digest:
                return twin
            self._canonical[weights.digest] = Path(weights.path)
        return weights

    def _local(self, path: str) -> Path:
        expanded = Path(path).expanduser() if path.startswith("~/") else Path(path)
        return self._base_dir / expanded

    def _kept(self, remote: HubSource | UrlSource) -> Path:
        """Where a file that is fetched is kept."""
        match remote:
            case HubSource(repo, revision, file):
                return self._folder.joinpath("hub", repo, quote(revision, safe=""), file)
            case UrlSource(url):
                name = quote(urlsplit(url).path.rpartition("/")[2], safe="%")[-96:]
                digest = hashlib.sha256(url.encode()).hexdigest()[:16]
                return self._folder / "urls" / f"{digest}-{name}"


def _mismatch(path: Path, digest: str, wanted: str, who: str) -> str:
    return (
        f"weights {str(path)!r} have the digest {digest.removeprefix('sha256:')}, "
        f"{who} {wanted.removeprefix('sha256:')}: fetch the right file, or correct the digest"
    )
