"""A time that runs faster than the machine's, the same in every process: minutes of waiting pass in seconds.

All of the ledger's production durations stay as they are; what is shortened is the time they are measured in.
"""

import asyncio
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime

RATE = float(os.environ.get("FLORIST_DRILL_RATE", "20"))
"""Seconds that pass in one of the machine's. Faster, and a busy machine looks like a very slow network."""


@dataclass(frozen=True)
class FastTime:
    """Time of one process, which began with the drill's.

    Attributes:
        began: unix seconds at which fast and real time were one.
        error: seconds by which this process's clock on the wall is wrong.
        step: seconds by which that clock is set, once `step_at` (real and monotonic) has come.
    """

    began: float
    rate: float = RATE
    error: float = 0.0
    step: float = 0.0
    step_at: float = float("inf")

    def unix(self) -> float:
        return self.of_real(time.time())

    def of_real(self, unix: float) -> float:
        """Return the fast time of a real one, such as a file's."""
        return self.began + (unix - self.began) * self.rate

    def now(self) -> datetime:
        step = self.step if time.monotonic() >= self.step_at else 0.0
        return datetime.fromtimestamp(self.unix() + self.error + step, UTC)

    def monotonic(self) -> float:
        return time.monotonic() * self.rate

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.rate)
