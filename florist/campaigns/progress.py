"""The numbers of a campaign that is being walked: one model, fed by its events, behind every view of it."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from decimal import Decimal

from florist.amounts import shown_usd
from florist.campaigns.events import CellEvent, Done, Event, GapFound, Planned, Progressed, Started, Tell
from florist.pipelines.rows import RowPlans

Expected = Callable[[str], float | None]
"""In how many seconds a run of a technique, by its id, is likely to end; None while that is not known."""


TICK = 1.0
"""Seconds from one telling of the numbers to the next."""


class Progress:
    """Counts events. `numbers` may be asked for at any time and is cheap.

    Args:
        expected: durations as they have been learnt.
    """

    def __init__(
        self,
        plans: RowPlans,
        *,
        expected: Expected = lambda technique: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plans = plans
        self._expected = expected
        self._monotonic = monotonic
        self._began_at = monotonic()
        self._price_usd = plans.price_usd
        self._budget_usd: Decimal | None = None
        self._cells = plans.runs
        self._cells_left = {key: len(planned.steps) for key, planned in plans.rows.items()}
        self._runs_left = Counter(step.technique_id for planned in plans.rows.values() for step in planned.steps)
        self._runs_made: Counter[str] = Counter()
        self._in_flight: set[str] = set()
        self._rows_gapped: set[str] = set()
        self._rows_awaiting = {key for key, planned in plans.rows.items() if planned.awaiting}
        self._complete = self._done = self._gaps = 0
        self._charged_usd = self._new_usd = Decimal(0)

    def hear(self, event: Event) -> None:
        """Count one event."""
        match event:
            case Planned():
                self._budget_usd = event.budget_usd
            case Started():
                self._in_flight.add(event.label)
            case Done():
                self._done += 1
                self._charged_usd += event.charged_usd
                if event.is_new:
                    self._new_usd += event.charged_usd
                    self._runs_made[self._technique_of(event)] += 1
                self._settle(event)
            case GapFound():
                self._gaps += 1
                self._rows_gapped.add(event.row)
                self._settle(event)
            case _:
                pass

    def numbers(self) -> Progressed:
        """Return how things stand."""
        return Progressed(
            rows=len(self._cells_left) + self._complete,
            rows_complete=self._complete,
            rows_with_gaps=len(self._rows_gapped),
            cells=self._cells,
            done=self._done,
            in_flight=len(self._in_flight),
            gaps=self._gaps,
            charged_usd=self._charged_usd,
            new_usd=self._new_usd,
            price_usd=self._price_usd,
            budget_usd=self._budget_usd,
            eta_seconds=self._eta_seconds(),
        )

    def _settle(self, event: CellEvent) -> None:
        self._in_flight.discard(event.label)
        self._runs_left[self._technique_of(event)] -= 1
        self._cells_left[event.row] -= 1
        is_over = not self._cells_left[event.row] and event.row not in self._rows_awaiting
        if is_over and event.row not in self._rows_gapped:
            self._complete += 1
            del self._cells_left[event.row]

    def _technique_of(self, event: CellEvent) -> str:
        return next(step.technique_id for step in self._plans.rows[event.row].steps if step.name == event.step)

    def _eta_seconds(self) -> float | None:
        """Return the work that is left, in seconds of runs, by the pace so far.

        Until a run has been made the pace is that of the cells in flight, each a run.
        """
        left = self._run_seconds(self._runs_left)
        made = self._run_seconds(self._runs_made)
        if left is None or made is None:
            return None
        elapsed = self._monotonic() - self._began_at
        pace = made / elapsed if made and elapsed else len(self._in_flight)
        return left / pace if pace else None

    def _run_seconds(self, runs: Counter[str]) -> float | None:
        total = 0.0
        for technique, count in runs.items():
            expected = self._expected(technique) if count else 0.0
            if expected is None:
                return None
            total += count * expected
        return total


@asynccontextmanager
async def ticking(progress: Progress, tell: Iterable[Tell], *, every: float = TICK) -> AsyncIterator[None]:
    """Tell the numbers every so often, for as long as the block lasts."""

    async def tick() -> None:
        while True:
            await asyncio.sleep(every)
            numbers = progress.numbers()
            for listener in tell:
                listener(numbers)

    ticks = asyncio.create_task(tick(), name="campaign progress")
    try:
        yield
    finally:
        ticks.cancel()


def progress_line(numbers: Progressed) -> str:
    """Return the numbers in one line for people."""
    return f"{count_words(numbers)}, {money_words(numbers)}"


def count_words(numbers: Progressed) -> str:
    """Return how many rows and cells are where."""
    rows = f"{numbers.rows_complete} of {numbers.rows} row{'s' * (numbers.rows != 1)}"
    return f"{rows}, {numbers.in_flight} in flight, {numbers.gaps} gap{'s' * (numbers.gaps != 1)}"


def money_words(numbers: Progressed) -> str:
    """Return what was charged, of the budget if there is one, else of the price; and the time that is left."""
    of = f"{shown_usd(numbers.price_usd)}"
    if numbers.budget_usd is not None:
        of = f"a budget of {shown_usd(numbers.budget_usd)}"
    left = "" if numbers.eta_seconds is None else f", about {shown_seconds(numbers.eta_seconds)} left"
    return f"{shown_usd(numbers.charged_usd)} of {of}{left}"


def shown_seconds(seconds: float) -> str:
    """Return a duration for people, roughly."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
