"""What the log says of a campaign that is walked: a line a minute, and a line for each gap."""

import logging
import time
from collections.abc import Callable

from florist.campaigns.events import Ended, Event, GapFound, Progressed
from florist.campaigns.gaps import gap_lines, is_begun
from florist.campaigns.progress import progress_line

LINE_EVERY = 60.0
"""Seconds."""

Log = logging.Logger | logging.LoggerAdapter[logging.Logger]


class LogLines:
    """Writes the log of a campaign: a line a minute, and those of `gap_lines`."""

    def __init__(
        self,
        log: Log,
        *,
        every: float = LINE_EVERY,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._every = every
        self._monotonic = monotonic
        self._said_at = monotonic()
        self._waits = ""
        self._not_begun: list[GapFound] = []

    def hear(self, event: Event) -> None:
        """Take an event of the campaign."""
        match event:
            case GapFound() if is_begun(event):
                self._log.warning("%s: %s", *gap_lines([event]), event.message)
            case GapFound():
                self._not_begun.append(event)
            case Ended():
                for line in gap_lines(self._not_begun):
                    self._log.warning("%s", line)
            case Progressed() if self._monotonic() - self._said_at >= self._every:
                self._said_at = self._monotonic()
                self._log.info("%s%s", progress_line(event), self._waits)
                self._waits = ""
            case _:
                pass

    def waits(self, line: str) -> None:
        """Take what a step of a row says that it waits for: the newest is told with the next line."""
        self._waits = f"; {line}"
