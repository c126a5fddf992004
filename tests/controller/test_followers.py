"""Followers see each line; slow ones lose lines and are told so."""

import asyncio

from coterie.controller.followers import LINES_KEPT, Followers


async def test_every_follower_sees_every_line_until_the_end() -> None:
    followers = Followers()
    first, second = followers.follow(), followers.follow()
    seen = [asyncio.ensure_future(anext(first)), asyncio.ensure_future(anext(second))]
    await asyncio.sleep(0)
    followers.publish(b"a\n")
    assert await asyncio.gather(*seen) == [b"a\n", b"a\n"]
    followers.publish(b"b\n")
    followers.close()
    assert [line async for line in first] == [b"b\n"]


async def test_a_slow_follower_loses_the_oldest_lines_and_is_told() -> None:
    followers = Followers()
    slow = followers.follow()
    start = asyncio.ensure_future(anext(slow))
    await asyncio.sleep(0)
    followers.publish(b"first\n")
    assert await start == b"first\n"
    for i in range(LINES_KEPT + 3):
        followers.publish(b"%d\n" % i)
    assert await anext(slow) == b'{"type":"Lost","lines":3}\n'
    assert await anext(slow) == b"3\n"
