"""The sandbox's time: the machine's, or one that stands still, moved by hand."""

import time
from collections.abc import Callable

YEAR_10000 = 253_402_300_800.0


class Clock:
    """A time that can be moved forward, and back.

    Everything FLORA would decide by time is decided by this one: runs, expiries, key windows, the `Date` header.
    """

    def __init__(self, read: Callable[[], float] = time.time, *, offset: float = 0.0) -> None:
        self._read = read
        self.offset = offset

    @classmethod
    def frozen(cls, at: float) -> "Clock":
        """Return a clock that moves by `advance` alone."""
        return cls(lambda: at)

    def now(self) -> float:
        """Return unix seconds."""
        return self._read() + self.offset

    def advance(self, seconds: float) -> float:
        """Move the time by `seconds` and return the new one.

        Raises:
            ValueError: the new time is no number, or outside the years 1970 to 9999.
        """
        if not 0 <= self.now() + seconds < YEAR_10000:
            raise ValueError("the clock goes from 1970 to 9999")
        self.offset += seconds
        return self.now()
