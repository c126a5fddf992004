import pytest
from msgspec import structs

from coterie.cli.profile.tables import links, shown, size, table
from coterie.hardware.catalogue import load


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (640 * 10**9, "640GB"),
        (1128 * 10**9, "1.128TB"),
        (24576 * 10**9, "24.576TB"),
        (1536 * 10**9, "1.536TB"),
        (480 * 2**20, "480MiB"),
        (2**40, "1TiB"),
        (12, "12B"),
    ],
)
def test_a_size_is_in_thousands_where_that_is_exact(size_bytes: int, text: str) -> None:
    assert size(size_bytes) == text


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("tiers.hot.bytes", 64e9, "64GB"),
        ("tiers.hot.bandwidth", 1.8e12, "1.8TB/s"),
        ("links.bandwidth", 64e9, "64GB/s"),
        ("links.latency", 0.002, "2ms"),
        ("links.count", 8, "8"),
        ("compute", 989e12, "989TFLOP/s"),
        ("efficiency.bandwidth", 0.85, "85 %"),
        ("overheads.token", 0.0005694, "0.57ms"),
        ("power_w.hot", 10200, "10200 W"),
        ("devices", 8, "8"),
    ],
)
def test_a_figure_has_its_unit(path: str, value: float, text: str) -> None:
    assert shown(path, value) == text


def test_links_are_so_many_of_so_much() -> None:
    h200 = load("h200")
    assert links(h200) == "1 x 64GB/s"
    assert links(structs.replace(h200, links=None)) == "none"


def test_a_table_has_its_columns() -> None:
    assert [column.header for column in table("a", "b", "c").columns] == ["a", "b", "c"]
