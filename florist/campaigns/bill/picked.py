"""Holds charges against picks: which picks each has gone into, and whose they were.

A charge goes into the pick of its own run, else into those that its cell was made of, however far up. So a still
that was picked bears its film; one that was rejected bears nothing, and is the reviewer's who rejected it.
"""

from collections.abc import Iterable
from dataclasses import replace

from florist.campaigns.bill.charges import Charge
from florist.campaigns.picks.behind import PickedCells


def with_picks(charges: Iterable[Charge], picked: PickedCells) -> tuple[Charge, ...]:
    """Return the charges, each with the picks that it has gone into, and the reviewer."""
    return tuple(charges) if picked.are_none else tuple(_judged(charge, picked) for charge in charges)


def _judged(charge: Charge, picked: PickedCells) -> Charge:
    own = picked.own(charge.campaign, charge.row, charge.cell, charge.run_id)
    found = (own,) if own else picked.above(charge.campaign, charge.row, charge.cell)
    if not found:
        return charge
    picks = tuple(standing for standing in found if standing.is_picked)
    run_ids = tuple(standing.run_id or standing.cell for standing in picks)
    return replace(charge, picks=run_ids, reviewer=(picks or found)[0].by)
