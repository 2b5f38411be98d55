"""The state a watcher keeps of one run that is being waited for."""

import asyncio
import math
from dataclasses import dataclass, field
from typing import Literal

from florist.api.errors import RunWithoutOutputsError
from florist.api.models import Run, RunStatus
from florist.api.watching_schedule import Pace, first_poll_delay, next_poll_delay

Route = Literal["technique", "generation", "action"]
"""By which of FLORA's routes a run was started: each has its own way to be read."""


@dataclass(eq=False)
class WatchedRun:
    """One run, everyone who waits for it, and when to poll it next. Times are of a monotonic clock.

    Attributes:
        ended: resolved once, with the terminal run or with the error that is its waiters' alone.
        last: what FLORA last said of the run.
        next_poll_at: when it is due to be polled.
        last_asked_at: when FLORA last told of it, or was asked for it in vain.
        may_be_unknown_until: the run was just started: a 404 before this moment means "not yet".
        is_reported_ended: a webhook said that it has ended.
        page: how many pages down history it was last seen, and the cursor of that page.
        off_pages_until: history did not show it: until then it is not searched for there.
        unreadable: answers in a row that could not be read.
    """

    run_id: str
    technique: str | None
    route: Route
    began_at: float
    expected_seconds: float
    pace: Pace
    ended: asyncio.Future[Run]
    waiters: int = 0
    last: Run | None = None
    is_reported_ended: bool = False
    page: tuple[int, str | None] | None = None
    off_pages_until: float = -math.inf
    unreadable: int = 0
    may_be_unknown_until: float = -math.inf
    next_poll_at: float = field(init=False)
    last_asked_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.next_poll_at = self.began_at + first_poll_delay(self.expected_seconds)
        # Just before now: newer than any sweep under way, older than one that begins in this very tick.
        self.last_asked_at = math.nextafter(self.began_at, -math.inf)

    @property
    def is_waited_for(self) -> bool:
        """Whether anybody still needs to hear of it."""
        return self.waiters > 0 and not self.ended.done()

    @property
    def lacks_details(self) -> bool:
        """Whether history said that the run has ended, and left out what its waiters need."""
        return self.last is not None and self.last.is_finished and not self.ended.done()

    @property
    def last_seen(self) -> Run:
        """What FLORA last said; before the first poll, a `pending` run."""
        return self.last or Run(run_id=self.run_id, status=RunStatus.PENDING)

    @property
    def due_at(self) -> float:
        """When to ask for it next; at once where only its details are missing."""
        return -math.inf if self.lacks_details else self.next_poll_at

    def is_being_polled(self, now: float) -> bool:
        """Whether its polls have begun, so that any of them may tell of its end."""
        return not self.lacks_details and self.next_poll_at <= now + self.pace.longest

    def update(self, run: Run, now: float, *, in_full: bool) -> None:
        """Take in what FLORA says of the run; `in_full` when the run itself was read, not its history item."""
        self.last, self.unreadable = run, 0
        self.reschedule(now)
        if run.is_finished and (in_full or _has_details(run)):
            self.end(run)

    def reschedule(self, now: float) -> None:
        """Note that the run was asked for, and set the next poll."""
        self.last_asked_at = now
        self.is_reported_ended = False
        self.next_poll_at = now + next_poll_delay(now - self.began_at, self.expected_seconds, self.pace)

    def end(self, outcome: Run | Exception) -> None:
        """Hand the outcome to everyone who waits for this run."""
        if self.ended.done():
            return
        if isinstance(outcome, Run) and outcome.status is RunStatus.COMPLETED and not outcome.has_outputs:
            outcome = RunWithoutOutputsError(
                f"run {outcome.run_id} is completed but has no outputs; it was charged, so do not run it again "
                "before FLORA's support has looked at it",
                run=outcome,
            )
        if isinstance(outcome, Run):
            self.ended.set_result(outcome)
        else:
            self.ended.set_exception(outcome)
            self.ended.exception()  # marks it as retrieved: all its waiters may just have left


def _has_details(run: Run) -> bool:
    return run.has_outputs if run.status is RunStatus.COMPLETED else run.error_code is not None
