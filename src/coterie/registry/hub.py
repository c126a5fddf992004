"""The hub library says where a file is and which version; our own download brings it.

The library's download (huggingface_hub 2.4) writes to a file of a new name each time and deletes it
on failure: a killed process would begin gigabytes anew. It is imported only when a source needs it.
"""

import importlib.util

from coterie.errors import FetchFailed, WeightsError, WeightsNotFound
from coterie.registry.download import Remote
from coterie.registry.sources import HubSource, shown

ANSWER_S = 20.0


def hub_problem() -> str | None:
    """Why no hub can be asked, if so."""
    if importlib.util.find_spec("huggingface_hub") is None:
        return "reading hf:// needs the package 'huggingface_hub': pip install huggingface_hub"
    return None


def look_up(source: HubSource, token: str | None, endpoint: str | None) -> Remote:
    """Asks the hub where the file is; its sha256 too, where the hub knows it. Blocks.

    `token`, `endpoint` None: as the library finds them (HF_TOKEN or a stored login; HF_ENDPOINT).
    Raises WeightsNotFound, FetchFailed.
    """
    if problem := hub_problem():
        raise FetchFailed(f"weights {shown(source)!r}: {problem}")
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # in its docs

    def url(revision: str) -> str:
        return hf_hub_url(source.repo, source.file, revision=revision, endpoint=endpoint)

    try:
        headers = build_hf_headers(token=token, library_name="coterie")
        metadata = get_hf_file_metadata(
            url(source.revision), token=token, timeout=ANSWER_S, headers=headers, endpoint=endpoint
        )
    except Exception as error:  # its HTTP library has changed twice, and with it what it raises
        raise _translated(source, error) from error
    etag = metadata.etag or ""
    return Remote(
        # At the commit, so that a branch which moves during the download does not mix two files.
        url=url(metadata.commit_hash or source.revision),
        headers=headers,
        sha256=etag if len(etag) == 64 else "",
    )


def _translated(source: HubSource, error: Exception) -> WeightsError:
    from huggingface_hub import errors

    name = shown(source)
    match error:
        case errors.GatedRepoError():
            return FetchFailed(
                f"weights {name!r} are gated: accept the terms on the repository's page and set "
                "HF_TOKEN"
            )
        case errors.RepositoryNotFoundError():
            return WeightsNotFound(
                f"weights {name!r}: no repository {source.repo!r} is there for this user: "
                "check its name, or set HF_TOKEN if it is private"
            )
        case errors.RevisionNotFoundError():
            return WeightsNotFound(
                f"weights {name!r}: {source.repo!r} has no revision {source.revision!r}: check it"
            )
        case errors.EntryNotFoundError():
            return WeightsNotFound(
                f"weights {name!r}: {source.repo!r} has no file {source.file!r}: check its name"
            )
        case errors.HFValidationError():
            return WeightsNotFound(
                f"weights {name!r}: no possible name of a repository: {_first_line(error)}"
            )
        case _:
            return FetchFailed(
                f"weights {name!r}: the hub did not answer: {_first_line(error)}: check the network"
            )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0] or type(error).__name__
