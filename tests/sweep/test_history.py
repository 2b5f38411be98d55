"""A pass through history misses no run, however it grows and whenever it is killed."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from unittest.mock import AsyncMock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from florist.api.errors import APIResponseValidationError, NotFoundError
from florist.api.models import Run, RunStatus
from florist.api.paging import MOST_EMPTY_PAGES, Page
from florist.stores.errors import StoreDeniedError
from florist.stores.folder import FolderStore
from florist.sweep.checkpoints import Checkpoint, Checkpoints, OpenPass
from florist.sweep.history_pass import History, HistoryPass
from tests.ledger.memory_store import MemoryStore

BEGIN = datetime(2027, 1, 1, tzinfo=UTC)
PAGE = 2


@dataclass
class Shown:
    """A history that a test writes, oldest first; shown newest first, in pages by place or by run."""

    is_offset: bool = False
    runs: list[Run] = field(default_factory=list)
    day: float = 0.0
    pages: int = 0

    def add(self, count: int, *, days: float = 0.0, status: RunStatus = RunStatus.COMPLETED) -> None:
        for _ in range(count):
            created_at = BEGIN + timedelta(days=self.day)
            self.runs.append(Run(run_id=f"run_{len(self.runs)}", status=status, created_at=created_at))
            self.day += days

    async def page(self, cursor: str | None) -> Page[Run]:
        self.pages += 1
        newest_first = self.runs[::-1]
        start = int(cursor or 0) if self.is_offset else self._after(cursor)
        items = tuple(newest_first[start : start + PAGE])
        end = start + len(items)
        if end >= len(newest_first):
            return Page(items)
        return Page(items, str(end) if self.is_offset else items[-1].run_id)

    def _after(self, run_id: str | None) -> int:
        ids = [run.run_id for run in self.runs[::-1]]
        return 0 if run_id is None else ids.index(run_id) + 1

    @property
    def history(self) -> History:
        return History("technique-runs", self.page, self._retrieve)

    async def _retrieve(self, run: Run) -> Run:
        return run


@dataclass
class Sweeper:
    """Deals with runs, in as many lives as it takes."""

    shown: Shown
    checkpoints: Checkpoints
    dealt: set[str] = field(default_factory=set)

    async def sweep(self, *, pages: int | None = None) -> None:
        """Go through history; die after so many pages."""
        passing = HistoryPass(self.shown.history, self.checkpoints, await self.checkpoints.newest())
        read = 0
        async for page in passing.pages():
            read += 1
            if read == pages:
                return
            for run in page.items:
                if run.status is RunStatus.COMPLETED:
                    self.dealt.add(run.run_id)
                elif not run.is_finished:
                    passing.unfinished(run)

    @property
    def missed(self) -> set[str]:
        return {run.run_id for run in self.shown.runs if run.status is RunStatus.COMPLETED} - self.dealt


def sweeper(shown: Shown, store=None) -> Sweeper:
    return Sweeper(
        shown,
        Checkpoints(store or MemoryStore(now=lambda: BEGIN), owner="127.0.0.1:1 abc", history="technique-runs"),
    )


async def test_pass_over_an_item_that_cannot_be_read_is_not_taken_for_covered():
    found = sweeper(Shown())
    found.shown.add(3, days=1.0)
    read = found.shown.page

    async def page(cursor):
        return replace(await read(cursor), unreadable=("item 1: status",))

    found.shown.page = page
    await found.sweep()
    assert (found.missed, (await found.checkpoints.newest()).covered_to) == (set(), None)


Grow = st.tuples(st.just("grow"), st.integers(1, 60), st.sampled_from([0.0, 0.01, 0.7, 5.0]))
Run_ = st.tuples(st.just("start"), st.just(1), st.just(0.1))
End = st.tuples(st.just("end"), st.integers(0, 5), st.just(0.0))
Sweep_ = st.tuples(st.just("sweep"), st.integers(1, 60), st.just(0.0))
Whole = st.tuples(st.just("whole"), st.just(0), st.just(0.0))


@given(st.booleans(), st.lists(st.one_of(Grow, Run_, End, Sweep_, Whole), max_size=14))
@example(False, [("start", 1, 0.1), ("grow", 9, 5.0), ("whole", 0, 0.0), ("end", 0, 0.0)])
@example(
    False,
    [
        ("grow", 60, 5.0),
        ("start", 1, 5.0),
        ("grow", 6, 5.0),
        ("sweep", 25, 0.0),
        ("whole", 0, 0.0),
        ("end", 0, 0.0),
    ],
)
@example(False, [("grow", 16, 0.0), ("start", 1, 0.1), ("grow", 4, 0.7), ("sweep", 11, 0.0), ("end", 0, 0.0)])
@settings(max_examples=150)
def test_last_sweep_leaves_no_completed_run_behind(is_offset, story):
    asyncio.run(told(is_offset, story))


async def told(is_offset: bool, story) -> None:
    found = sweeper(Shown(is_offset=is_offset))
    for what, count, days in story:
        if what == "grow":
            found.shown.add(count, days=days)
        elif what == "start":
            found.shown.add(1, days=days, status=RunStatus.RUNNING)
        elif what == "end":
            end_one(found.shown, count)
        else:
            await found.sweep(pages=count or None)
    if (await found.checkpoints.newest()).open:  # a pass taken up leaves what has ended since to the one after it
        await found.sweep()
    await found.sweep()
    assert found.missed == set()


def end_one(shown: Shown, number: int) -> None:
    """Let one of the runs under way complete."""
    under_way = [place for place, run in enumerate(shown.runs) if run.status is RunStatus.RUNNING]
    if under_way:
        place = under_way[number % len(under_way)]
        shown.runs[place] = shown.runs[place].model_copy(update={"status": RunStatus.COMPLETED})


async def test_sweep_of_what_was_covered_reads_only_the_last_day_again():
    found = sweeper(Shown())
    found.shown.add(100, days=1)
    await found.sweep()
    found.shown.pages = 0
    await found.sweep()
    assert found.shown.pages == 2


async def test_run_that_history_shows_late_is_found_within_a_day():
    found = sweeper(Shown())
    found.shown.add(40, days=0.1)
    late = found.shown.runs.pop(35)
    await found.sweep()
    found.shown.runs.insert(35, late)
    await found.sweep()
    assert found.missed == set()


async def test_pass_whose_page_has_gone_down_begins_anew():
    """Runs were deleted at FLORA: the place in its list that a cursor means is now a later one."""
    found = sweeper(Shown(is_offset=True))
    found.shown.add(80, days=1)
    await found.sweep(pages=21)
    del found.shown.runs[60:]
    found.shown.add(1, days=1)
    await found.sweep()
    assert found.missed == set()


async def test_cursor_that_flora_does_not_know_any_more_is_done_without():
    found = sweeper(Shown())
    found.shown.add(80, days=1)
    await found.sweep(pages=30)
    page = found.shown.page

    async def of_today(cursor: str | None) -> Page[Run]:
        if cursor is not None and not cursor.startswith("today:"):
            raise NotFoundError("no such cursor", status=404)
        shown = await page(cursor and cursor.removeprefix("today:"))
        return Page(shown.items, shown.next_cursor and f"today:{shown.next_cursor}")

    found.shown.page = of_today
    await found.sweep()
    assert found.missed == set()


async def test_history_whose_cursors_go_in_a_circle_is_an_error():
    async def same(cursor: str | None) -> Page[Run]:
        return Page((), "again")

    found = sweeper(Shown())
    found.shown.page = same
    with pytest.raises(APIResponseValidationError):
        await found.sweep()


async def test_history_of_nothing_but_empty_pages_is_an_error():
    async def on_and_on(cursor: str | None) -> Page[Run]:
        found.shown.pages += 1
        assert found.shown.pages <= MOST_EMPTY_PAGES
        return Page((), f"{found.shown.pages}")

    found = sweeper(Shown())
    found.shown.page = on_and_on
    with pytest.raises(APIResponseValidationError, match="no end"):
        await found.sweep()


async def test_history_with_an_unfinished_run_without_a_date_is_not_taken_for_covered():
    found = sweeper(Shown())
    found.shown.runs.append(Run(run_id="run_x", status=RunStatus.RUNNING))
    found.shown.add(3)
    await found.sweep()
    assert (await found.checkpoints.newest()).covered_to is None


async def test_checkpoints_of_two_sweeps_at_once_do_not_touch_each_other(tmp_path):
    mine, theirs = (sweeper(Shown(), FolderStore(tmp_path)).checkpoints for _ in range(2))
    marks = [Checkpoint(covered_to=BEGIN + timedelta(days=day)) for day in range(8)]
    await asyncio.gather(*(who.put(mark) for who, mark in zip([mine, theirs] * 4, marks, strict=True)))
    assert await mine.newest() in marks


async def test_checkpoint_newest_is_the_last_one_put_and_those_before_are_gone(tmp_path):
    checkpoints = sweeper(Shown(), FolderStore(tmp_path)).checkpoints
    position = OpenPass(newest_at=BEGIN, oldest_at=BEGIN, cursor="c")
    for mark in (Checkpoint(), Checkpoint(covered_to=BEGIN), Checkpoint(open=position)):
        await checkpoints.put(mark)
    assert await checkpoints.newest() == Checkpoint(open=position)
    assert len(list(tmp_path.rglob("*.json"))) == 1


async def test_checkpoint_is_put_where_those_before_may_not_be_deleted(tmp_path):
    store = FolderStore(tmp_path)
    store.delete = AsyncMock(side_effect=StoreDeniedError("delete is denied", location=store.location))
    checkpoints = sweeper(Shown(), store).checkpoints
    for mark in (Checkpoint(), Checkpoint(covered_to=BEGIN)):
        await checkpoints.put(mark)
    assert await checkpoints.newest() == Checkpoint(covered_to=BEGIN)


async def test_checkpoint_that_is_damaged_has_history_gone_through_from_its_beginning(tmp_path):
    found = sweeper(Shown(), FolderStore(tmp_path))
    found.shown.add(9, days=1)
    await found.sweep()
    [file] = tmp_path.rglob("*.json")
    file.write_text("no json")
    assert await found.checkpoints.newest() == Checkpoint()
