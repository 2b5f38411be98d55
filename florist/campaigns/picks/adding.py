"""Takes a pick: holds it against what stands, and writes the row's next record."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from florist.amounts import shown_usd
from florist.archive.keys import segment
from florist.archive.manifest import Manifest
from florist.archive.records import parsed_record
from florist.campaigns.picks.errors import PickRefusedError
from florist.campaigns.picks.keys import PICKS, record_key
from florist.campaigns.picks.reading import RowRecord, gates_of, read_row
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
        gate = gates.get(step_of(pick.cell))
        if gate and (in_the_way := _in_the_way(newest, taken, gate)):
            raise await _full(store, campaign, taken, gate, in_the_way)
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


def _in_the_way(newest: RowRecord, pick: Pick, gate: Gate) -> list[Standing]:
    """Return the picks that leave a gate no room for one more; none where there is room."""
    if pick.verdict != "picked":
        return []
    step = step_of(pick.cell)
    others = [each for name, each in newest.cells.items() if name != pick.cell and each.step == step]
    picked = [each for each in others if each.is_picked]
    return picked if len(picked) >= gate.pick_max else []


async def _full(
    store: Store, campaign: str, pick: Pick, gate: Gate, there: Sequence[Standing]
) -> PickRefusedError:
    """Return the refusal; it says which picks are of runs that the sheet does not show any more."""
    named = []
    for each in there:
        is_shown = each.run_id == await _newest_run(store, campaign, pick.row, each.cell)
        named.append(each.cell if is_shown else f"{each.cell} (of an earlier run)")
    return PickRefusedError(
        f"{step_label(pick.row, step_of(pick.cell))} takes {gate.pick_max} picks at most, and has "
        f"{', '.join(named)}: take one back first"
    )


async def _looked_at(store: Store, campaign: str, pick: Pick) -> str:
    """Return the run that the pick is of, by default the newest of the cell: nobody picks what is not there."""
    run_id = await _newest_run(store, campaign, pick.row, pick.cell, asked=pick.run_id)
    if not run_id:
        raise PickRefusedError(
            f"campaign {campaign} keeps nothing of {step_label(pick.row, pick.cell)}: there is nothing to pick"
        )
    return run_id


async def _newest_run(store: Store, campaign: str, row: str, cell: str, *, asked: str = "") -> str:
    """Return the newest kept run of a cell, or the one that is asked for; an empty string if there is none."""
    folder = "/".join(
        (
            "campaigns",
            segment(campaign, otherwise="campaign"),
            segment(row, otherwise="single"),
            segment(cell, otherwise="step"),
        )
    )
    keys = [item.key async for item in store.list(f"{folder}/") if item.key.endswith(".json")]
    manifests = [parsed_record(Manifest, await store.read(key) or b"", key) for key in keys]
    # Two names may have one folder.
    ours = [
        manifest
        for manifest in manifests
        if (manifest.campaign, manifest.row or "", manifest.step) == (campaign, row, cell)
    ]
    found = [manifest for manifest in ours if asked in ("", manifest.run_id)]
    newest = max(found, key=lambda manifest: manifest.created_at or manifest.archived_at, default=None)
    return newest.run_id if newest else ""


def _plain(note: str) -> str:
    """Return a note without what a terminal would obey."""
    return "".join(each for each in note if each == "\n" or unicodedata.category(each) != "Cc").strip()


def _name(by: str) -> str:
    """Return a reviewer's name in one line and one spelling."""
    name = " ".join(_plain(unicodedata.normalize("NFC", by)).split())[:MOST_NAME]
    if not name:
        raise PickRefusedError("a pick needs the name of who picks")
    return name
