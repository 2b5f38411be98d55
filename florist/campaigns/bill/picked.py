"""Holds charges against picks: which picks each has gone into, and whose they were.

A charge goes into the pick of its own run, else into those that its run was made from, however far up. So a still
that was picked bears its film; one that was rejected bears nothing, and is the reviewer's who rejected it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from florist.campaigns.bill.charges import Charge
from florist.campaigns.picks.records import PickRecord, Standing


def with_picks(charges: Iterable[Charge], records: Iterable[PickRecord]) -> tuple[Charge, ...]:
    """Return the charges, each with the picks that it has gone into, and the reviewer."""
    verdicts = {
        standing.run_id: standing
        for record in records
        for standing in record.cells.values()
        if standing.run_id and standing.verdict != "open"
    }
    charges = tuple(charges)
    if not verdicts:
        return charges
    lineage = _Lineage(verdicts, {charge.run_id: charge.takes for charge in charges if charge.run_id})
    return tuple(lineage.judged(charge) for charge in charges)


class _Lineage:
    """Finds the nearest runs above a run of which somebody has said something."""

    def __init__(self, verdicts: Mapping[str, Standing], takes: Mapping[str, tuple[str, ...]]) -> None:
        self._verdicts = verdicts
        self._takes = takes
        self._found: dict[str, tuple[str, ...]] = {}

    def judged(self, charge: Charge) -> Charge:
        nearest = (charge.run_id,) if charge.run_id in self._verdicts else self._above(charge.takes)
        if not nearest:
            return charge
        picks = tuple(run_id for run_id in nearest if self._verdicts[run_id].is_picked)
        return replace(charge, picks=picks, reviewer=self._verdicts[(picks or nearest)[0]].by)

    def _above(self, run_ids: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(found for run_id in run_ids for found in self._nearest(run_id)))

    def _nearest(self, run_id: str) -> tuple[str, ...]:
        if run_id not in self._found:
            self._found[run_id] = ()  # were there a circle, it would end here
            is_judged = run_id in self._verdicts
            self._found[run_id] = (run_id,) if is_judged else self._above(self._takes.get(run_id, ()))
        return self._found[run_id]
