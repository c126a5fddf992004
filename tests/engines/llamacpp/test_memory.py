"""The maps of a process, summed."""

import os
from pathlib import Path

import pytest

from coterie.engines.llamacpp.memory import Usage, parse, usage

MAPS = """\
7f00-7f10 r--s 00000000 fe:00 1 {weights}
Size:                400 kB
Rss:                 300 kB
Private_Clean:       300 kB
Private_Dirty:         0 kB
7f10-7f20 r-xp 00000000 fe:00 2                          /lib/libc.so
Rss:                  20 kB
Shared_Clean:         15 kB
Private_Clean:         5 kB
Private_Dirty:         0 kB
7f20-7f30 rw-p 00000000 00:00 0
Rss:                  11 kB
Private_Clean:         1 kB
Private_Dirty:        10 kB
VmFlags: rd wr
"""


@pytest.mark.parametrize("name", ["/a b/w.gguf", "/a b/w.gguf (deleted)"])
def test_the_file_counts_whole_and_all_else_only_as_far_as_it_is_private(name: str) -> None:
    found = parse(MAPS.format(weights=name).splitlines(), "/a b/w.gguf")
    assert found == Usage(mapped=300 << 10, private=16 << 10, resident=331 << 10)


def test_another_file_is_not_the_weights() -> None:
    found = parse(MAPS.format(weights="/x/a b/w.gguf").splitlines(), "/a b/w.gguf")
    assert found is not None
    assert found.mapped == 0


def test_weights_in_several_files_count_together() -> None:
    text = MAPS.format(weights="/m-00001-of-00002.gguf") + MAPS.format(
        weights="/m-00002-of-00002.gguf"
    )
    found = parse(text.splitlines(), "/m-00001-of-00002.gguf")
    assert found is not None
    assert found.mapped == 600 << 10


def test_a_process_without_maps_is_not_measured() -> None:
    assert parse([], "/w") is None
    assert usage(2**22 + 1) is None


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="needs Linux's /proc")
def test_this_process_has_memory_of_its_own() -> None:
    found = usage(os.getpid())
    assert found is not None
    assert found.resident > found.private > 1 << 20
