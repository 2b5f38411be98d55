"""FLORA's history in memory, and an event loop whose time jumps to whatever happens next."""

import asyncio
import math
import selectors
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest

from florist.api.errors import APIResponseValidationError, BadRequestError, NotFoundError
from florist.api.models import MediaKind, Output, Run, RunStatus, TechniqueRef
from florist.api.paging import Page
from florist.api.run_poller import RunRoute
from florist.api.watcher import RunWatcher

T = TypeVar("T")
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
PAGE_SIZE = 50


class JumpingSelector(selectors.DefaultSelector):
    """Never blocks: waiting moves the time on instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise AssertionError("everyone waits, and for nothing that will ever happen")
        self.now += max(timeout, 0.0)
        return super().select(0)


class JumpingLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def run_in_jumping_time(main: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(main)


def now() -> float:
    return asyncio.get_running_loop().time()


def moment(seconds: float) -> datetime:
    return EPOCH + timedelta(seconds=seconds)


class FloraInMemory:
    """What FLORA tells of runs: history newest first by offset, so that every new run shifts its pages.

    Attributes:
        requests: the moment and the name of each request: `page` or a run id.
        told: when each run was first told to have ended.
        arrivals: other people's runs that start between two pages.
        faults: consumed one a request; None is none.
        hidden: runs that history does not show.
        cursors_expire_at: the moment from which the cursors given out before are refused.
        unreadable: names of requests whose answer is not what FLORA promises.
    """

    def __init__(self, *, outputs_in_history: bool = True, arrivals: int = 0) -> None:
        self.runs: list[tuple[Run, float]] = []
        self.requests: list[tuple[float, str]] = []
        self.told: dict[str, float] = {}
        self.born: dict[str, float] = {}
        self.ends: dict[str, float] = {}
        self.arrivals = arrivals
        self.outputs_in_history = outputs_in_history
        self.faults: Iterator[Exception | None] = iter(())
        self.hidden: set[str] = set()
        self.cursors_expire_at = math.inf
        self.cursors_refused = 0
        self.unreadable: set[str] = set()
        self._others = 0

    def add(self, run_id: str, *, ends: float, outcome: RunStatus = RunStatus.COMPLETED, outputs: int = 1) -> str:
        """Start a run that ends so many seconds from now."""
        born = self.born[run_id] = now()
        self.ends[run_id] = born + ends
        ended = Run(
            run_id=run_id,
            status=outcome,
            created_at=moment(born),
            completed_at=moment(born + ends),
            outputs=[Output(output_id=str(n), type=MediaKind.TEXT, text="done") for n in range(outputs)],
            error_code="provider_error" if outcome is RunStatus.FAILED else None,
            technique=TechniqueRef(technique_id="tech_1"),
        )
        self.runs.append((ended, born + ends))
        return run_id

    def add_others(self, count: int) -> None:
        for _ in range(count):
            self._others += 1
            self.add(f"other-{self._others}", ends=0)

    async def page(self, cursor: str | None) -> Page[Run]:
        self._count("page")
        self.add_others(self.arrivals)
        edition = "new" if now() >= self.cursors_expire_at else "old"
        given, _, offset = (cursor or f"{edition}:0").partition(":")
        if given != edition:
            self.cursors_refused += 1
            raise BadRequestError("unknown cursor", status=400)
        start = int(offset)
        shown = [(run, end) for run, end in reversed(self.runs) if run.run_id not in self.hidden]
        items = tuple(
            self._tell(run, end, self.outputs_in_history) for run, end in shown[start : start + PAGE_SIZE]
        )
        more = start + PAGE_SIZE < len(shown)
        return Page(items, f"{edition}:{start + PAGE_SIZE}" if more else None)

    async def retrieve(self, run_id: str, technique: str | None) -> Run:
        self._count(run_id)
        for run, end in reversed(self.runs):
            if run.run_id == run_id:
                return self._tell(run, end, True)
        raise NotFoundError(f"{run_id} is not known", status=404)

    @property
    def pages(self) -> int:
        return sum(name == "page" for _, name in self.requests)

    @property
    def retrieves(self) -> int:
        return len(self.requests) - self.pages

    def ticks(self) -> dict[float, int]:
        """Return the number of requests of each tick, by its moment."""
        counts: dict[float, int] = {}
        for at, _ in self.requests:
            counts[at] = counts.get(at, 0) + 1
        return counts

    def _count(self, name: str) -> None:
        self.requests.append((now(), name))
        if fault := next(self.faults, None):
            raise fault
        if name in self.unreadable:
            raise APIResponseValidationError("not what FLORA promises")

    def _tell(self, run: Run, end: float, with_outputs: bool) -> Run:
        if end > now():
            return run.model_copy(update={"status": RunStatus.RUNNING, "outputs": (), "completed_at": None})
        self.told.setdefault(run.run_id, now())
        return run if with_outputs else run.model_copy(update={"outputs": ()})


class Watching:
    """A FLORA in memory, and a watcher that looks at it."""

    def __init__(self, **settings: Any) -> None:
        self.flora = FloraInMemory(**settings)
        route = RunRoute(retrieve=self.flora.retrieve, page=self.flora.page)
        self.watcher = RunWatcher(
            {"technique": route, "generation": route}, server_now=lambda: moment(now()), monotonic=now
        )

    async def wait(self, run_id: str, **arguments: Any) -> Run:
        return await self.watcher.wait(run_id, **{"technique": "styled-still", "window": 3600.0, **arguments})


@pytest.fixture
def watching() -> Callable[..., Watching]:
    return Watching


@pytest.fixture
def in_jumping_time() -> Callable[[Coroutine[Any, Any, T]], T]:
    return run_in_jumping_time
