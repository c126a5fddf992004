"""A source is text with one meaning: four forms, nothing guessed, nothing opened here."""

import ipaddress
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from coterie.errors import WeightsNotFound

FORMS = "file://PATH, package://MODULE/FILE, hf://ORG/REPO@REVISION/FILE or https://HOST/PATH"


class FileSource(Struct, frozen=True):
    """A path, absolute or relative to the composition's folder; taken as it is written."""

    path: str


class PackageSource(Struct, frozen=True):
    """A file that an installed Python package carries, whole or in parts."""

    module: str
    file: str


class HubSource(Struct, frozen=True):
    """A file of a Hugging Face repository at a revision (branch, tag or commit)."""

    repo: str
    revision: str
    file: str


class UrlSource(Struct, frozen=True):
    """A file behind https, or behind http on this very machine."""

    url: str


Source = FileSource | PackageSource | HubSource | UrlSource


def parse_source(text: str) -> Source:
    """Reads a source; raises WeightsNotFound with the form that was expected."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        raise WeightsNotFound(
            f"weights {text!r} name no kind of source: write {FORMS} (a local file: "
            f"'file://{text}')"
        )
    match scheme:
        case "file":
            return _file(text, rest)
        case "package":
            return _package(text, rest)
        case "hf":
            return _hub(text, rest)
        case "https" | "http":
            return _url(text)
    raise WeightsNotFound(f"weights {text!r}: unknown kind of source {scheme!r}: write {FORMS}")


def shown(source: Source) -> str:
    """The source as messages show it: without a query, which may carry a secret."""
    match source:
        case FileSource(path):
            return f"file://{path}"
        case PackageSource(module, file):
            return f"package://{module}/{file}"
        case HubSource(repo, revision, file):
            return f"hf://{repo}@{revision}/{file}"
        case UrlSource(url):
            return without_query(url)


def without_query(url: str) -> str:
    return urlsplit(url)._replace(query="", fragment="").geturl()


def is_loopback(host: str | None) -> bool:
    """Whether a host of a URL is this machine, told without asking a name server."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _file(text: str, rest: str) -> FileSource:
    if not rest or rest.endswith("/"):
        raise WeightsNotFound(f"weights {text!r} name no file: write file://PATH/TO/FILE")
    return FileSource(rest)


def _package(text: str, rest: str) -> PackageSource:
    module, _, file = rest.partition("/")
    if not file or not all(part.isidentifier() for part in module.split(".")):
        hint = (
            f" (module names have '_' for '-': {module.replace('-', '_')!r})"
            if "-" in module
            else ""
        )
        raise WeightsNotFound(
            f"weights {text!r}: expected package://MODULE/FILE with the name of a Python "
            f"module{hint}"
        )
    _refuse_steps(text, file)
    return PackageSource(module, file)


def _hub(text: str, rest: str) -> HubSource:
    org, _, rest = rest.partition("/")
    repo, _, file = rest.partition("/")
    repo, at, revision = repo.partition("@")
    revision = unquote(revision) if at else "main"
    if not (org and repo and revision and file):
        raise WeightsNotFound(
            f"weights {text!r}: expected hf://ORG/REPO@REVISION/FILE (write a '/' in a revision "
            "as %2F)"
        )
    for part in (f"{org}/{repo}", revision, file):
        _refuse_steps(text, part)
    return HubSource(f"{org}/{repo}", revision, file)


def _url(text: str) -> UrlSource:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise WeightsNotFound(f"weights {text!r}: not a URL ({error})") from error
    plain = without_query(text)
    if not host or parts.path.endswith("/") or not parts.path:
        raise WeightsNotFound(f"weights {plain!r} name no file: expected https://HOST/PATH/TO/FILE")
    if parts.username or parts.password:
        raise WeightsNotFound(
            f"weights on host {host!r}: a URL must not carry a name or password: "
            "the document is no place for secrets"
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise WeightsNotFound(
            f"weights {plain!r}: plain http is read from this machine only: write https://"
        )
    return UrlSource(text)


def _refuse_steps(text: str, path: str) -> None:
    if any(step in ("", ".", "..") for step in path.split("/")) or "\\" in path or "\0" in path:
        raise WeightsNotFound(
            f"weights {text!r}: {path!r} must be a plain path inside its source, without '.', "
            "'..' or '//'"
        )
