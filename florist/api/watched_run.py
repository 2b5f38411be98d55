"""The state a watcher keeps of one run that is being waited for."""

import asyncio
import math
from dataclasses import dataclass, field
from typing import Literal

from florist.api.durations import Durations
from florist.api.errors import RunWithoutOutputsError
from florist.api.models import Run, RunStatus
from florist.api.watching_schedule import (
    LIKELY,
    WORTH_A_GLANCE,
    Pace,
    first_look,
    first_poll_delay,
    next_look,
    next_poll_delay,
)

Route = Literal["technique", "generation", "action"]
"""By which of FLORA's routes a run was started: each has its own way to be read."""


@dataclass(eq=False)
class WatchedRun:
    """One run, everyone who waits for it, and when to look at it next. Times are of a monotonic clock.

    Attributes:
        began_at: when it was started, as far as this client knows; else when it was first waited for.
        joined_at: when it was first waited for.
        is_scout: where nothing is known of its technique yet, it is to find out, and others wait for that.
        is_age_known: `began_at` is when it was started, to about a second.
        stated_seconds: its duration from `began_at` on, if somebody has stated one.
        durations: of its technique's runs; they grow while it is waited for.
        ended: resolved once, with the terminal run or with the error that is its waiters' alone.
        last: what FLORA last said of the run.
        lacks_details: history said that the run has ended, and left out what its waiters need.
        next_poll_at: when it is due to be looked at.
        last_asked_at: when FLORA last told of it, or was asked for it in vain.
        retrieved_at: when it was last asked for by itself.
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
    joined_at: float
    is_scout: bool
    is_age_known: bool
    stated_seconds: float | None
    durations: Durations
    pace: Pace
    ended: asyncio.Future[Run]
    waiters: int = 0
    last: Run | None = None
    lacks_details: bool = False
    is_reported_ended: bool = False
    page: tuple[int, str | None] | None = None
    off_pages_until: float = -math.inf
    retrieved_at: float = -math.inf
    unreadable: int = 0
    may_be_unknown_until: float = -math.inf
    next_poll_at: float = field(init=False)
    last_asked_at: float = field(init=False)

    def __post_init__(self) -> None:
        # Just before now: newer than any sweep under way, older than one that begins in this very tick.
        self.last_asked_at = math.nextafter(self.joined_at, -math.inf)
        self.replan()

    @property
    def is_waited_for(self) -> bool:
        """Whether anybody still needs to hear of it."""
        return self.waiters > 0 and not self.ended.done()

    @property
    def last_seen(self) -> Run:
        """What FLORA last said; before the first look, a `pending` run."""
        return self.last or Run(run_id=self.run_id, status=RunStatus.PENDING)

    @property
    def due_at(self) -> float:
        """When to ask for it next; at once where only its details are missing."""
        return -math.inf if self.lacks_details else self.next_poll_at

    @property
    def is_expected(self) -> bool:
        """Whether it is known how long such a run takes, and when this one began."""
        return self.is_age_known and self.stated_seconds is None and len(self.durations) > 0

    @property
    def seen_running_at(self) -> float | None:
        """At which age it was last seen to be running, if it was."""
        is_running = self._was_looked_at and self.last is not None and not self.last.is_finished
        return self.last_asked_at - self.began_at if is_running else None

    def is_due(self, now: float, *, ahead: float = 0.0) -> bool:
        """Whether to look at it now; a little ahead of time only where it may have ended already."""
        if self.lacks_details or self.next_poll_at > now + ahead:
            return False
        return self.next_poll_at <= now or not self.is_expected or self._chance_of_end(now) >= WORTH_A_GLANCE

    def note_age(self, seconds: float, now: float) -> None:
        """Note how long ago FLORA says that it was created, which tells when to expect its end."""
        began_at = now - seconds
        if self.stated_seconds is not None:
            self.stated_seconds += self.began_at - began_at
        self.began_at, self.is_age_known = began_at, True
        self.replan()

    def look_at(self, moment: float) -> None:
        """Set the next look, which is never less than two seconds after a retrieve of the run."""
        self.next_poll_at = max(moment, self.retrieved_at + self.pace.shortest)

    def is_likely_ended(self, now: float) -> bool:
        """Whether it has probably ended since it was last looked at, going by others of its technique."""
        return self.is_expected and self._chance_of_end(now) >= LIKELY

    def _chance_of_end(self, now: float) -> float:
        looked = self.last_asked_at - self.began_at if self._was_looked_at else -math.inf
        return self.durations.chance(now - self.began_at, after=looked)

    def update(self, run: Run, now: float, *, in_full: bool) -> None:
        """Take in what FLORA says of the run; `in_full` when the run itself was read, not its history item."""
        self.last, self.unreadable = run, 0
        self.lacks_details = run.is_finished and not in_full and not has_details(run)
        self.reschedule(now)
        if run.is_finished and not self.lacks_details:
            self.end(run)

    def reschedule(self, now: float) -> None:
        """Note that the run was asked for, and set the next look."""
        self.last_asked_at = now
        self.is_reported_ended = False
        self.replan()

    def replan(self) -> None:
        """Set the next look by what is known now of the runs of its technique."""
        looked = self.last_asked_at - self.began_at
        if self.is_expected and self._was_looked_at:
            age = next_look(looked, self.durations, self.pace)
        elif self.is_expected:
            age = first_look(self.durations)
        elif self._was_looked_at:
            delay = next_poll_delay(looked, self.stated_seconds or 0.0, self.pace)
            age = looked + (delay if self.is_scout else self.pace.longest)
        elif self.stated_seconds is not None:
            age = first_poll_delay(self.stated_seconds)
        else:
            waiting = self.pace.shortest if self.is_scout else self.pace.longest
            age = waiting if self.is_age_known else 0.0
        self.look_at(self.began_at + age)

    def end(self, outcome: Run | Exception) -> None:
        """Hand the outcome to everyone who waits for this run."""
        if self.ended.done():
            return
        self.lacks_details = False
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

    @property
    def _was_looked_at(self) -> bool:
        return self.last_asked_at >= self.joined_at


def has_details(run: Run) -> bool:
    """Whether an ended run's history item says all that its waiters need."""
    return run.has_outputs if run.status is RunStatus.COMPLETED else run.error_code is not None
