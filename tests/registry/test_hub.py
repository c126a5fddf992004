import asyncio

import pytest

from coterie.errors import FetchFailed, WeightsNotFound
from coterie.registry.hub import look_up
from coterie.registry.sources import HubSource
from coterie.testing.file_host import FileHost

SOURCE = HubSource("org/repo", "main", "deep/m.gguf")
COMMIT = "c" * 40


def endpoint(host: FileHost) -> str:
    return host.url.removesuffix("/dir/model.gguf")


@pytest.fixture
def hub(host: FileHost) -> FileHost:
    host.extra = {"X-Repo-Commit": COMMIT, "X-Linked-Etag": f'"{"a" * 64}"', "X-Linked-Size": "9"}
    return host


async def test_the_hub_says_where_a_file_is_and_its_digest(hub: FileHost) -> None:
    remote = await asyncio.to_thread(look_up, SOURCE, "a-token", endpoint(hub))
    assert remote.url == f"{endpoint(hub)}/org/repo/resolve/{COMMIT}/deep/m.gguf"
    assert remote.headers["authorization"] == "Bearer a-token"
    assert remote.sha256 == "a" * 64


async def test_a_file_that_is_not_stored_by_sha256_has_no_digest(hub: FileHost) -> None:
    hub.extra["X-Linked-Etag"] = '"0123456789abcdef0123456789abcdef01234567"'
    assert (await asyncio.to_thread(look_up, SOURCE, "t", endpoint(hub))).sha256 == ""


@pytest.mark.parametrize(
    ("status", "code", "error", "words"),
    [
        (404, "EntryNotFound", WeightsNotFound, "has no file 'deep/m.gguf'"),
        (404, "RevisionNotFound", WeightsNotFound, "has no revision 'main'"),
        (404, "RepoNotFound", WeightsNotFound, "no repository 'org/repo'"),
        (403, "GatedRepo", FetchFailed, "are gated"),
        (400, "", FetchFailed, "the hub did not answer"),
    ],
)
async def test_a_refusal_is_translated(
    hub: FileHost, status: int, code: str, error: type[Exception], words: str
) -> None:
    hub.status = status
    hub.extra = {"X-Error-Code": code}
    with pytest.raises(error, match=words) as refusal:
        await asyncio.to_thread(look_up, SOURCE, "t", endpoint(hub))
    assert "\n" not in str(refusal.value)
    assert "'hf://org/repo@main/deep/m.gguf'" in str(refusal.value)


async def test_no_hub_is_said() -> None:
    with pytest.raises(FetchFailed, match="the hub did not answer"):
        await asyncio.to_thread(look_up, SOURCE, "t", "http://127.0.0.1:1")


def test_an_impossible_name_is_said() -> None:
    with pytest.raises(WeightsNotFound, match="no possible name"):
        look_up(HubSource("org/re--po", "main", "m.gguf"), "t", "http://127.0.0.1:1")
