import os
import subprocess
import sys

from benchmarks.watching import Watched, field_bytes, pss_bytes, watching

MIB = 1024**2


def test_a_process_has_a_share_and_what_is_gone_has_none() -> None:
    assert pss_bytes(os.getpid()) > 5 * MIB
    assert field_bytes(os.getpid(), "Rss:") >= pss_bytes(os.getpid())
    assert pss_bytes(2**30) == 0


def test_children_are_counted_apart_from_the_root_and_peaks_are_kept() -> None:
    before = Watched()  # other tests' children may still be there
    before.sample(os.getpid())
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    watched = Watched()
    try:
        watched.sample(os.getpid())
    finally:
        child.communicate(b"\n")
    peak = watched.below_bytes
    assert peak > 0
    assert watched.processes == before.processes + 1
    assert watched.total_bytes >= watched.root_bytes
    watched.sample(os.getpid())
    assert watched.below_bytes == peak


def test_watching_samples_at_least_once() -> None:
    with watching(os.getpid()) as watched:
        pass
    assert watched.root_bytes > 0
