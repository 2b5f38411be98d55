"""What a watcher knows of one run that is being waited for."""

import asyncio
import math
from dataclasses import dataclass, field
from typing import Literal

from florist.api.errors import RunWithoutOutputsError
from florist.api.models import Run, RunStatus
from florist.api.watching_schedule import Pace, first_look, next_look

Route = Literal["technique", "generation", "action"]
"""By which of FLORA's routes a run was started: each has its own way to be read."""


@dataclass(eq=False)
class WatchedRun:
    """One run, everyone who waits for it, and when to look at it next. Times are of a monotonic clock.

    Attributes:
        ended: resolved once, with the terminal run or with the error that is its waiters' alone.
        last: what FLORA last said of the run.
        looked_at: when FLORA last told of it, or was asked for it in vain.
        is_told: a webhook said that it has ended.
        page: how many pages down history it was last seen, and the cursor of that page.
        off_pages_until: history did not show it: until then it is not looked for there.
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
    is_told: bool = False
    page: tuple[int, str | None] | None = None
    off_pages_until: float = -math.inf
    unreadable: int = 0
    look_at: float = field(init=False)
    looked_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.look_at = self.began_at + first_look(self.expected_seconds)
        # Just before now: newer than any sweep under way, older than one that begins in this very tick.
        self.looked_at = math.nextafter(self.began_at, -math.inf)

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
        """What FLORA last said; before the first look, a `pending` run."""
        return self.last or Run(run_id=self.run_id, status=RunStatus.PENDING)

    @property
    def due_at(self) -> float:
        """When to look at it next."""
        return -math.inf if self.lacks_details else self.look_at

    def is_looked_for(self, now: float) -> bool:
        """Whether its looks have begun, so that any of them may tell of its end."""
        return not self.lacks_details and self.look_at <= now + self.pace.longest

    def saw(self, run: Run, now: float, *, in_full: bool) -> None:
        """Take what FLORA says of the run; `in_full` when the run itself was read, not its history item."""
        self.last, self.unreadable = run, 0
        self.looked(now)
        if run.is_finished and (in_full or _has_details(run)):
            self.end(run)

    def looked(self, now: float) -> None:
        """Note that the run was asked for, and put off the next look."""
        self.looked_at = now
        self.is_told = False
        self.look_at = now + next_look(now - self.began_at, self.expected_seconds, self.pace)

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
