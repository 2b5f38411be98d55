"""Charges re-read: compares what history says a run was charged with what the ledger says, and notes differences.

Looks at runs that ended within five weeks, which a month's bill is made of, on the pages that a sweep reads.
A run whose end nobody recorded is noted too, once whoever waits for it has had an hour.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from florist.api.models import Run
from florist.archive.side_by_side import side_by_side
from florist.ledger import Entry, Ledger, RunFacts
from florist.ledger.corrections import Correction, Corrections
from florist.ledger.errors import UnreadableRecordError

LOOKED_BACK = timedelta(days=35)
RECORDED_WITHIN = timedelta(hours=1)
READS_AT_ONCE = 16


class ChargeCheck:
    """Compares the runs of history with their entries. Safe to repeat, and for several sweeps at once."""

    def __init__(self, ledger: Ledger, *, now: Callable[[], datetime]) -> None:
        """Take a ledger and FLORA's time."""
        self._ledger = ledger
        self._corrections = Corrections(ledger.store)
        self._newest: dict[str, Correction] | None = None
        self._now = now

    async def check(self, runs: Iterable[Run]) -> list[Correction]:
        """Note, of each of these runs, where its charge differs; return what was noted now."""
        if self._newest is None:
            self._newest = await self._corrections.newest()
        noted: list[Correction] = []

        async def look(run: Run) -> None:
            correction = await self._correction(run)
            if correction is not None and await self._corrections.note(correction):
                noted.append(correction)

        await side_by_side(filter(self._is_recent, runs), look, at_once=READS_AT_ONCE)
        self._newest |= {correction.run_id: correction for correction in noted}
        return noted

    def _is_recent(self, run: Run) -> bool:
        ended_at = run.completed_at or run.created_at
        return run.is_finished and ended_at is not None and self._now() - ended_at < LOOKED_BACK

    async def _correction(self, run: Run) -> Correction | None:
        technique_id = run.subject_id or ""
        key = await self._ledger.claimant(run.run_id) if technique_id else None
        if key is None:  # nobody's of ours
            return None
        earlier = (self._newest or {}).get(run.run_id)
        try:
            known = earlier.now if earlier else await self._known(key, technique_id, run.run_id)
        except UnreadableRecordError:  # every bill tells of it
            return None
        seen = RunFacts.of(run)
        if not self._differs(known, seen):
            return None
        return Correction(
            run_id=run.run_id,
            key=key,
            number=earlier.number + 1 if earlier else 1,
            was_usd=known.charged_usd if known else None,
            now=seen,
            seen_at=self._now(),
        )

    def _differs(self, known: RunFacts | None, seen: RunFacts) -> bool:
        if known is None:
            return seen.completed_at is not None and self._now() - seen.completed_at > RECORDED_WITHIN
        charged = known.charged_usd or Decimal(0) if known.is_failed else known.charged_usd
        return seen.charged_usd is not None and seen.charged_usd != charged

    async def _known(self, key: str, technique_id: str, run_id: str) -> RunFacts | None:
        """Return how the ledger says that a run ended, also one that was given up since."""
        entry = await self._ledger.entry(key, technique_id)
        if entry is None or (entry.run_id == run_id and entry.ended is None):
            return None
        if entry.run_id == run_id:
            return entry.ended
        records: tuple[Entry, ...] = await self._ledger.records(entry)
        return next((one.ended for one in reversed(records) if one.run_id == run_id and one.ended), None)
