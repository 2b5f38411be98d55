"""Takes a pick: holds it against what stands, and writes the row's next record."""

import unicodedata
from datetime import datetime
from decimal import Decimal

from florist.amounts import shown_usd
from florist.archive.keys import segment
from florist.archive.manifest import Manifest
from florist.archive.records import parsed_record
from florist.campaigns.picks.errors import PickRefusedError
from florist.campaigns.picks.keys import PICKS, record_key
from florist.campaigns.picks.reading import RowRecord, gates_of, read_row, row_picks
from florist.campaigns.picks.records import Pick, PickRecord, Standing, step_of
from florist.pipelines.models import Gate
from florist.pipelines.rows import step_label
from florist.stores.store import Store
from florist.studio.campaigns import campaign_name

MOST_NAME = 80


async def add_pick(store: Store, campaign: str, pick: Pick, *, by: str, at: datetime) -> Pick:
    """Take a pick, and return it with the number of its record. Of several at once none is lost.

    Saying once more what stands already changes nothing, and writes nothing.

    Args:
        by: the reviewer's name.

    Raises:
        PickRefusedError: it is not taken, and why; nothing was changed.
        IntegrityError: the row's newest record is damaged.
        StoreError: the store could not be asked, or the record not be written. Safe to repeat.
    """
    campaign = campaign_name(campaign)
    gates = await gates_of(store, campaign)
    run_id = await _looked_at(store, campaign, pick)
    taken = pick.model_copy(update={"by": _name(by), "at": at, "confirm_usd": None, "run_id": run_id})
    taken = taken.model_copy(update={"note": _plain(pick.note)})
    while True:
        newest = await read_row(store, campaign, pick.row)
        before = newest.cells.get(pick.cell)
        if before is not None and _says_the_same(before, taken):
            return taken.model_copy(update={"number": before.number, "by": before.by, "at": before.at})
        _refuse_unconfirmed(before, pick)
        _refuse_too_many(newest, taken, gates.get(step_of(pick.cell)))
        taken = taken.model_copy(update={"number": newest.number + 1})
        record = _following(campaign, newest, taken, before)
        if await store.create(
            record_key(PICKS, campaign, pick.row, record.number), record.model_dump_json(indent=1).encode()
        ):
            return taken


def _following(campaign: str, newest: RowRecord, taken: Pick, before: Standing | None) -> PickRecord:
    is_same_run = before is not None and before.run_id == taken.run_id
    standing = Standing(
        cell=taken.cell,
        verdict=taken.verdict,
        stars=taken.stars,
        note=taken.note,
        by=taken.by,
        at=taken.at,
        number=newest.number + 1,
        run_id=taken.run_id,
        spent=before.spent if before is not None and is_same_run else False,
        next_usd=before.next_usd if before is not None and is_same_run else None,
        next_cells=before.next_cells if before is not None else (),
    )
    return PickRecord(
        campaign=campaign,
        row=taken.row,
        number=newest.number + 1,
        pick=taken,
        cells={**newest.cells, taken.cell: standing},
    )


def _says_the_same(before: Standing, pick: Pick) -> bool:
    said = (before.verdict, before.stars, before.note, before.run_id)
    return said == (pick.verdict, pick.stars, pick.note, pick.run_id)


def _refuse_unconfirmed(before: Standing | None, pick: Pick) -> None:
    """Refuse to take back a pick that was paid for by a next step, unless its price was confirmed."""
    if before is None or not (before.spent and before.is_picked) or pick.verdict == "picked":
        return
    price = before.next_usd or Decimal(0)
    if pick.confirm_usd != price:
        raise PickRefusedError(
            f"the next step of {step_label(pick.row, pick.cell)} was sent, or is about to be, for "
            f"{shown_usd(price)}: taking the pick back does not bring that back, and another in its place pays "
            f"for its own; to do it all the same, confirm {price}",
            price,
        )


def _refuse_too_many(newest: RowRecord, pick: Pick, gate: Gate | None) -> None:
    if gate is None or pick.verdict != "picked":
        return
    step = step_of(pick.cell)
    others = {name: standing for name, standing in newest.cells.items() if name != pick.cell}
    row = row_picks(others, {step: gate})
    if row.gate is not None and row.gate.picked >= gate.pick_max:
        named = [each.cell for each in others.values() if each.is_picked and each.step == step]
        raise PickRefusedError(
            f"{step_label(pick.row, step)} takes {gate.pick_max} picks at most, and has {', '.join(named)}: take "
            "one back first"
        )


async def _looked_at(store: Store, campaign: str, pick: Pick) -> str:
    """Return the run that the pick is of, by default the newest of the cell: nobody picks what is not there."""
    folder = "/".join(
        (
            "campaigns",
            segment(campaign, otherwise="campaign"),
            segment(pick.row, otherwise="single"),
            segment(pick.cell, otherwise="step"),
        )
    )
    keys = [item.key async for item in store.list(f"{folder}/") if item.key.endswith(".json")]
    manifests = [parsed_record(Manifest, await store.read(key) or b"", key) for key in keys]
    # Two names may have one folder.
    ours = [
        manifest
        for manifest in manifests
        if (manifest.campaign, manifest.row or "", manifest.step) == (campaign, pick.row, pick.cell)
    ]
    asked = [manifest for manifest in ours if pick.run_id in ("", manifest.run_id)]
    newest = max(asked, key=lambda manifest: manifest.created_at or manifest.archived_at, default=None)
    if newest is None:
        raise PickRefusedError(
            f"campaign {campaign} keeps nothing of {step_label(pick.row, pick.cell)}: there is nothing to pick"
        )
    return newest.run_id


def _plain(note: str) -> str:
    """Return a note without what a terminal would obey."""
    return "".join(each for each in note if each == "\n" or unicodedata.category(each) != "Cc").strip()


def _name(by: str) -> str:
    """Return a reviewer's name in one line and one spelling."""
    name = " ".join(_plain(unicodedata.normalize("NFC", by)).split())[:MOST_NAME]
    if not name:
        raise PickRefusedError("a pick needs the name of who picks")
    return name
