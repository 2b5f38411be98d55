"""An event loop whose time passes only while everybody sleeps, and then at once."""

import asyncio
import selectors
from datetime import UTC, datetime, timedelta
from typing import Any

BEGINNING = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class VirtualTime:
    """The one true time, which goes on from one loop to the next."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds

    def new_loop(self) -> asyncio.AbstractEventLoop:
        return _Loop(self)

    def run(self, coroutine: Any) -> Any:
        with asyncio.Runner(loop_factory=self.new_loop) as runner:
            return runner.run(coroutine)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, time: VirtualTime) -> None:
        super().__init__(_Selector(time))
        self._virtual = time

    def time(self) -> float:
        return self._virtual.seconds


class _Selector(selectors.DefaultSelector):
    """Where a real one would wait, it moves the time; it waits in truth only for threads, which set no timeout."""

    def __init__(self, time: VirtualTime) -> None:
        super().__init__()
        self._time = time

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0 if timeout is not None else None)
        if timeout and not ready:
            self._time.seconds += timeout
        return ready
