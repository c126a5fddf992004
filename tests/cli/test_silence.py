"""What C prints does not reach standard output."""

import ctypes
import os

import pytest

from coterie.cli.silence import silenced


def test_what_c_prints_within_is_gone_and_after_it_is_there(
    capfd: pytest.CaptureFixture[str],
) -> None:
    libc = ctypes.CDLL(None)
    with silenced():
        libc.puts(b"from a library")
        os.write(1, b"straight to the descriptor\n")
    libc.puts(b"after")
    libc.fflush(None)
    assert capfd.readouterr().out == "after\n"


def test_standard_output_is_back_after_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    before = os.dup(1)
    os.close(before)
    with pytest.raises(ValueError, match="inside"), silenced():
        raise ValueError("inside")
    os.write(1, b"here\n")
    assert capfd.readouterr().out == "here\n"
    after = os.dup(1)
    os.close(after)
    assert after == before, "no descriptor is left open"
