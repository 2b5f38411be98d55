"""Delivers a campaign: names its outputs, puts them in place, and writes down what is what."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from florist.archive.keys import segment
from florist.archive.side_by_side import side_by_side
from florist.campaigns.csv_text import Cell, csv_text
from florist.campaigns.delivery.errors import DeliveryError
from florist.campaigns.delivery.kept import kept_runs, newest_of_each_cell
from florist.campaigns.delivery.learnt_axes import axes_learnt
from florist.campaigns.delivery.naming import Delivery, Naming
from florist.campaigns.delivery.picked import picked_runs
from florist.campaigns.delivery.placing import Placed, Placer
from florist.campaigns.picks.behind import PickedCells
from florist.campaigns.picks.records import Standing
from florist.pipelines.delivery_names import DeliveryNames
from florist.stores.store import Store

DEFAULT_NAMES = DeliveryNames(template="{row}_{cell}_{index}.{ext}")
OUTPUTS_AT_ONCE = 8

_INDEX_COLUMNS = (
    "name",
    "campaign",
    "row",
    "step",
    "axes",
    "variation",
    "output",
    "index",
    "prompt",
    "charged_usd",
    "sha256",
    "size_bytes",
    "media_type",
    "technique",
    "technique_hash",
    "run",
    "made_at",
    "archived_as",
)


_PICK_COLUMNS = ("picked", "picked_by", "stars", "note")
"""Of an index of picks: the picked cell that the output is, or is made of, and what was said of it."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What was delivered, and where.

    Attributes:
        taken: names under which other bytes stand; they were left alone.
        superseded: kept runs of cells that were made again since, with other inputs.
        left_out: kept runs of rows that are not among those asked for.
        unpicked: of the others those that are neither picked nor made of picks, where only that was asked for.
        index_name: of the table of what is what.
    """

    counts: Counter[Placed]
    taken: tuple[str, ...]
    superseded: int
    left_out: int
    unpicked: int
    index_name: str


async def deliver(
    campaign: str,
    source: Store,
    target: Store,
    naming: Naming,
    *,
    may_link: bool = True,
    picked: PickedCells | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Delivered:
    """Deliver the newest output of every cell. Safe to repeat: what stands there already is not copied again.

    Args:
        naming: where it has rows, those alone are delivered.
        picked: what people have picked: that, and what was made of it, is delivered alone. None: everything.

    Raises:
        DeliveryError: there is nothing, or names are not known or not apart; nothing was delivered.
        IntegrityError: or `ObjectMissingError`: the archive has lost an output; what came before it is delivered.
        StoreError: one of the stores failed.
    """
    kept = await kept_runs(source, campaign)
    newest = newest_of_each_cell(axes_learnt(kept, naming.pipeline))
    asked = [manifest for manifest in newest if not naming.rows or (manifest.row or "") in naming.rows]
    chosen = None if picked is None else picked_runs(kept, picked)
    if chosen == {}:
        raise DeliveryError([f"nothing of campaign {campaign} is picked; nothing was delivered"])
    wanted = [manifest for manifest in asked if chosen is None or manifest.run_id in chosen]
    deliveries = naming.deliveries(wanted)
    placer = Placer(source, target, may_link=may_link)
    placed: dict[str, Placed] = {}

    async def place(delivery: Delivery) -> None:
        placed[delivery.name] = await placer.place(delivery.output, delivery.name)
        on_progress(len(placed), len(deliveries))

    await side_by_side(deliveries, place, at_once=OUTPUTS_AT_ONCE)
    standing = [one for one in deliveries if placed[one.name] is not Placed.TAKEN]
    return Delivered(
        counts=Counter(placed.values()),
        taken=tuple(one.name for one in deliveries if placed[one.name] is Placed.TAKEN),
        superseded=len(kept) - len(newest),
        left_out=len(newest) - len(asked),
        unpicked=len(asked) - len(wanted),
        index_name=await _index(target, segment(campaign, otherwise="campaign"), _table(standing, chosen)),
    )


def _table(deliveries: Sequence[Delivery], chosen: Mapping[str, Standing] | None) -> str:
    """Return the table of what is what; of picks with who picked, and what they said."""
    if chosen is None:
        return csv_text(_INDEX_COLUMNS, map(_row, deliveries))
    said = [chosen[delivery.manifest.run_id] for delivery in deliveries]
    return csv_text(
        (*_INDEX_COLUMNS, *_PICK_COLUMNS),
        (
            (*_row(delivery), each.cell, each.by, each.stars, each.note)
            for delivery, each in zip(deliveries, said, strict=True)
        ),
    )


async def _index(target: Store, name: str, table: str) -> str:
    """Write the table of what is what; return its name: a new one only if it says something new.

    Nothing is overwritten, so that it is numbered: the highest number counts.
    """
    content = table.encode()
    pattern = re.compile(rf"{re.escape(name)}-index-([0-9]{{4}})\.csv")
    found = [match async for item in target.list(f"{name}-index-") if (match := pattern.fullmatch(item.key))]
    newest = max(found, key=lambda match: match[1], default=None)
    if newest and await target.read(newest[0]) == content:
        return newest[0]
    number = 1 + (int(newest[1]) if newest else 0)
    while not await target.create(f"{name}-index-{number:04d}.csv", content, media_type="text/csv"):
        number += 1
    return f"{name}-index-{number:04d}.csv"


def _row(delivery: Delivery) -> Sequence[Cell]:
    manifest, output, fields = delivery.manifest, delivery.output, delivery.fields
    texts = [entry for entry in manifest.inputs if entry.text is not None]
    prompt = "\n".join(f"{entry.id}: {entry.text}" if len(texts) > 1 else f"{entry.text}" for entry in texts)
    charged = manifest.charged_usd if output.index == 0 else None
    return (
        delivery.name,
        fields["campaign"],
        fields["row"],
        fields["step"],
        fields["axes"],
        fields["variation"],
        output.output_id,
        output.index,
        prompt,
        charged,
        output.sha256,
        output.size_bytes,
        output.media_type,
        manifest.technique,
        manifest.technique_hash,
        manifest.run_id,
        manifest.created_at.isoformat(timespec="seconds") if manifest.created_at else None,
        output.key,
    )
