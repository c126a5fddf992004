from coterie.gateway.captured import Captured


async def test_an_answer_is_kept_whether_whole_or_in_pieces() -> None:
    whole, pieces = Captured(), Captured()
    whole.whole(200, b"", b"one two")
    pieces.begin(200, b"", b"")
    pieces.write(b"one ")
    await pieces.drained(1.0)
    pieces.write(b"two", last=True)
    for captured in (whole, pieces):
        assert (captured.status, bytes(captured.body)) == (200, b"one two")
        assert captured.begun
        assert captured.ended


def test_an_error_takes_the_place_of_what_had_come() -> None:
    captured = Captured()
    captured.begin(200, b"", b"")
    captured.write(b"half")
    captured.fail_begun(b"{}")
    assert (captured.status, bytes(captured.body)) == (502, b"{}")
