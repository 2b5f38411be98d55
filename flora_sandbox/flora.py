"""One emulated FLORA: its parts put together, and its background work."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from flora_sandbox.assets import Assets
from flora_sandbox.clock import Clock
from flora_sandbox.connections import Connections
from flora_sandbox.database import Database
from flora_sandbox.fault_rules import FaultRules
from flora_sandbox.history import History
from flora_sandbox.idempotency import Keys
from flora_sandbox.money import Purse
from flora_sandbox.rendering import Renderer
from flora_sandbox.runs import Runs
from flora_sandbox.settings import Settings
from flora_sandbox.shelf import Shelf
from flora_sandbox.views import Views
from flora_sandbox.webhooks import Webhooks

TICK = 0.1
"""Real seconds between two looks at what is due. Reads settle what they show themselves."""
_log = logging.getLogger(__name__)


class Flora:
    """One emulated FLORA on one data directory."""

    def __init__(self, data_dir: Path, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.data_dir = data_dir
        self.database = Database(data_dir)
        self.clock = clock or _clock(settings, float(self.database.remembered("clock_offset") or 0))
        self.connections = Connections()
        self.rules = FaultRules(self.database, settings.seed, settings.faults)
        self.purse = Purse(self.database, settings.balance_usd)
        self.keys = Keys(self.database, settings, self.clock, self.rules)
        self.shelf = Shelf(data_dir, self.database, settings, self.clock)
        self.webhooks = Webhooks(self.database, settings, self.clock)
        self.renderer = Renderer(self.database, settings, self.clock, self.shelf)
        self.runs = Runs(
            self.database,
            settings,
            self.clock,
            purse=self.purse,
            rules=self.rules,
            renderer=self.renderer,
            webhooks=self.webhooks,
        )
        self.history = History(self.database, settings, self.clock, self.rules)
        self.views = Views(self.database, settings, self.clock, self.shelf)
        self.assets = Assets(self.database, settings, self.clock, self.shelf)
        self._loops: list[asyncio.Task[None]] = []

    @property
    def address(self) -> str:
        """The root under which this sandbox is reached, without a slash at its end."""
        return self.shelf.address

    @address.setter
    def address(self, value: str) -> None:
        self.shelf.address = value

    def advance(self, seconds: float) -> float:
        """Move the clock, also for after a restart, and return the new time."""
        now = self.clock.advance(seconds)
        self.database.remember("clock_offset", str(self.clock.offset))
        return now

    def start(self) -> None:
        """Go on with what was unfinished, and begin to watch the clock."""
        self.runs.resume()
        self._loops = [
            asyncio.create_task(_every(TICK, self._settle)),
            asyncio.create_task(_every(TICK, self.webhooks.deliver_due)),
        ]

    async def stop(self) -> None:
        """Stop; what is unfinished stays for the next start."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self.renderer.stop()
        self.database.close()

    async def _settle(self) -> None:
        self.runs.settle(self.runs.due(made_only=True))


async def _every(seconds: float, act: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await act()
        except Exception:  # noqa: BLE001 - logged with its traceback; the loop must outlive it
            _log.exception("the sandbox goes on after an error")
        await asyncio.sleep(seconds)


def _clock(settings: Settings, offset: float) -> Clock:
    clock = Clock() if settings.frozen_at is None else Clock.frozen(settings.frozen_at)
    clock.offset = offset
    return clock
