import pytest

from coterie.config.builder import Unreadable
from coterie.config.document import MAX_BYTES, read


def test_yaml_and_json_are_read_alike() -> None:
    expected = {"a": [1, {"b": None}], "c": True}
    assert read(b"a: [1, {b: }]\nc: true\n", "x.yaml").value == expected
    assert read(b'{"a": [1, {"b": null}], "c": true}', "x.json").value == expected
    assert read(b'\n\t{"a": [1,\t{"b": null}], "c": true}', "x.yaml").value == expected
    assert read(b"{a: [1, {b: }], c: true}", "x.yaml").value == expected


def test_a_byte_order_mark_is_no_matter() -> None:
    assert read("a: ü".encode("utf-8-sig"), "x.yaml").value == {"a": "ü"}
    assert read('{"a": "ü"}'.encode("utf-8-sig"), "x.json").value == {"a": "ü"}
    assert read("a: ü".encode("utf-16"), "x.yaml").value == {"a": "ü"}


def test_an_empty_document_is_nothing() -> None:
    assert read(b"", "x.yaml").value is None
    assert read(b"# only a comment\n", "x.yaml").value is None


def test_lines_are_known_in_yaml() -> None:
    document = read(b"\na: 1", "x.yaml")
    assert document.lines == {(id(document.value), "a"): 2}


def test_a_key_that_appears_twice_in_json_is_found() -> None:
    document = read(b'{"a": {"b": 1, "b": 2}}', "x.json")
    assert [message for _, message in document.findings] == [
        "the key 'b' appears more than once in one object"
    ]


@pytest.mark.parametrize(
    ("data", "name", "why"),
    [
        (b"a: [1", "x.yaml", r"not YAML: line \d, column \d"),
        (b"a: 'b", "x.yaml", "not YAML: line 1, column"),
        (b"a:\n  - b\n c: d", "x.yaml", "not YAML: line 3, column"),
        (b"a:\n\tb: 1", "x.yaml", "indent with spaces, not with tabs"),
        (b"a: \xff", "x.yaml", "not YAML"),
        (b"a: \x00", "x.yaml", "not YAML"),
        (b"a: @b", "x.yaml", "not YAML"),
        (b'{"a": 1,}', "x.json", "not JSON: line 1, column"),
        (b"", "x.json", "not JSON: line 1, column 1"),
        (b'{"a": "\xff"}', "x.json", "not JSON"),
        (b"[" * 100_000, "x.json", "nested too deeply"),
        (b"9" * 5000, "x.json", "not JSON"),
        (b"#" * (MAX_BYTES + 1), "x.yaml", "too many"),
    ],
)
def test_what_cannot_be_read_says_where_and_why(data: bytes, name: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        read(data, name)
