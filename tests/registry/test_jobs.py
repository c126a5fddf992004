import asyncio
import threading

import pytest

from coterie.registry.jobs import Jobs, Progress, Stop, Stopped, in_thread


class Work:
    """A job that runs until it is let go."""

    def __init__(self) -> None:
        self.started = 0
        self.cancelled = 0
        self.let_go = asyncio.Event()
        self.running = asyncio.Event()
        self.tidied = asyncio.Event()
        self.tidied.set()

    async def __call__(self, report: Progress) -> str:
        self.started += 1
        self.running.set()
        try:
            await self.let_go.wait()
        except asyncio.CancelledError:
            await self.tidied.wait()
            self.cancelled += 1
            raise
        report(1, 2)
        return f"run {self.started}"


async def turn() -> None:
    """Lets every ready task take a few steps."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_asks_while_it_runs_joins() -> None:
    jobs, work = Jobs[str](), Work()
    heard: list[tuple[str, int, int | None]] = []
    first = asyncio.create_task(
        jobs.run(("k",), work, lambda done, total: heard.append(("first", done, total)))
    )
    await work.running.wait()
    second = asyncio.create_task(
        jobs.run(("k",), work, lambda done, total: heard.append(("second", done, total)))
    )
    await turn()
    work.let_go.set()
    assert [await first, await second] == ["run 1", "run 1"]
    assert heard == [("first", 1, 2), ("second", 1, 2)]
    assert await jobs.run(("k",), work) == "run 2"


async def test_other_keys_run_apart() -> None:
    jobs, work = Jobs[str](), Work()
    work.let_go.set()
    await asyncio.gather(jobs.run(("a",), work), jobs.run(("b",), work))
    assert work.started == 2


async def test_one_who_leaves_does_not_end_it_for_others() -> None:
    jobs, work = Jobs[str](), Work()
    first, second = (asyncio.create_task(jobs.run(("k",), work)) for _ in range(2))
    await turn()
    first.cancel()
    await turn()
    work.let_go.set()
    assert await second == "run 1"
    assert work.cancelled == 0


async def test_the_last_who_leaves_ends_it_and_the_next_begins_anew() -> None:
    jobs, work = Jobs[str](), Work()
    work.tidied.clear()
    first = asyncio.create_task(jobs.run(("k",), work))
    await work.running.wait()
    first.cancel()
    await turn()
    second = asyncio.create_task(jobs.run(("k",), work))
    await turn()
    assert work.started == 1  # the first is still tidying
    work.tidied.set()
    work.let_go.set()
    assert await second == "run 2"
    assert work.cancelled == 1


async def test_a_failure_reaches_all_who_wait_and_is_not_kept() -> None:
    jobs, work = Jobs[str](), Work()

    async def fail(report: Progress) -> str:
        await work(report)
        raise OSError("broken")

    tasks = [asyncio.create_task(jobs.run(("k",), fail)) for _ in range(2)]
    await turn()
    work.let_go.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["broken", "broken"]
    assert await jobs.run(("k",), work) == "run 2"


async def test_a_thread_is_told_to_stop_and_waited_for() -> None:
    running, ended = threading.Event(), threading.Event()

    def work(stop: Stop) -> None:
        running.set()
        try:
            while True:
                stop.check()
        except Stopped:
            ended.set()
            raise

    task = asyncio.create_task(in_thread(work))
    await asyncio.to_thread(running.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_a_thread_gives_its_result_or_its_error() -> None:
    assert await in_thread(lambda stop: 7) == 7

    def fail(stop: Stop) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await in_thread(fail)
