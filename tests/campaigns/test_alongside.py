"""Two runs of one campaign at once: each says so, and neither of one that has ended."""

import asyncio
import os
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from florist.campaigns.alongside import BEAT_EVERY, LITTER_AFTER, MISSED_BEATS, heard_alongside
from florist.stores.folder import FolderStore


class Beats:
    """Runs whose hearts beat when they are told to; `said` is what each has said."""

    def __init__(self, store: FolderStore) -> None:
        self.store = store
        self.said: dict[str, list[str]] = {}
        self._hearts: dict[str, tuple[asyncio.Semaphore, asyncio.Event]] = {}

    async def begin(self, name: str, campaign: str, stack: AsyncExitStack) -> None:
        pulse, rested = self._hearts[name] = asyncio.Semaphore(0), asyncio.Event()
        self.said[name] = []

        async def sleep(seconds: float) -> None:
            rested.set()
            await pulse.acquire()

        await stack.enter_async_context(
            heard_alongside(self.store, campaign, name, self.said[name].append, sleep=sleep)
        )
        await rested.wait()

    async def beat(self, name: str) -> None:
        pulse, rested = self._hearts[name]
        rested.clear()
        pulse.release()
        await rested.wait()


@pytest.fixture
def beats(tmp_path: Path) -> Beats:
    return Beats(FolderStore(tmp_path))


async def test_two_runs_of_a_campaign_each_say_so_once(beats: Beats):
    async with AsyncExitStack() as first, AsyncExitStack() as second:
        await beats.begin("first", "spring", first)
        await beats.begin("second", "spring", second)
        await beats.beat("first")
        await beats.beat("second")
        await first.aclose()
        assert [len(said) for said in beats.said.values()] == [1, 1]
        assert "another run of campaign spring is at work" in beats.said["first"][0]


async def test_run_of_another_campaign_or_after_the_end_of_one_says_nothing(beats: Beats):
    async with AsyncExitStack() as stack:
        async with AsyncExitStack() as earlier:
            await beats.begin("earlier", "spring", earlier)
        await beats.begin("later", "spring", stack)
        await beats.begin("other", "summer", stack)
    assert beats.said == {"earlier": [], "later": [], "other": []}


async def test_run_that_was_killed_is_forgotten_after_three_beats(beats: Beats, tmp_path: Path):
    async with AsyncExitStack() as killed, AsyncExitStack() as stack:
        await beats.begin("killed", "spring", killed)
        (beat,) = (tmp_path / "ledger/at-work").rglob("*.json")
        then = beat.stat().st_mtime - BEAT_EVERY * (MISSED_BEATS + 1)
        os.utime(beat, (then, then))
        await beats.begin("next", "spring", stack)
        assert beats.said["next"] == []


async def test_beat_that_a_killed_run_left_days_ago_is_cleared_away(beats: Beats, tmp_path: Path):
    async with AsyncExitStack() as killed, AsyncExitStack() as stack:
        await beats.begin("killed", "spring", killed)
        (beat,) = (tmp_path / "ledger/at-work").rglob("*.json")
        then = beat.stat().st_mtime - LITTER_AFTER.total_seconds() - 1
        os.utime(beat, (then, then))
        await beats.begin("next", "spring", stack)
        assert not beat.exists()
