import struct

import pytest

from coterie.registry.cursor import Cursor, Short


def test_numbers_are_read_in_order() -> None:
    cursor = Cursor(struct.pack("<IQQQ", 7, 8, 9, 10) + b"ab")
    assert (cursor.u32(), cursor.u64(), cursor.u64s(2), cursor.take(2)) == (7, 8, (9, 10), b"ab")
    assert cursor.at == len(cursor.prefix)


def test_a_step_beyond_the_end_says_how_far_it_reaches() -> None:
    cursor = Cursor(bytes(10), at=8)
    with pytest.raises(Short) as short:
        cursor.u32()
    assert short.value.needed == 12
    assert cursor.at == 8


def test_strings_are_stepped_over() -> None:
    text = b"".join(struct.pack("<Q", len(word)) + word for word in (b"a", b"", b"long word"))
    cursor = Cursor(text + b"!")
    cursor.skip_strings(3)
    assert cursor.take(1) == b"!"


@pytest.mark.parametrize("length", [100, 1 << 62, (1 << 64) - 1])
def test_a_forged_length_of_a_string_asks_for_more_than_there_is(length: int) -> None:
    with pytest.raises(Short) as short:
        Cursor(struct.pack("<Q", length) + bytes(40)).skip_strings(2)
    assert short.value.needed > 48


def test_a_last_string_that_reaches_beyond_the_end_is_short() -> None:
    with pytest.raises(Short) as short:
        Cursor(struct.pack("<Q", 5) + b"abc").skip_strings(1)
    assert short.value.needed == 13
