"""The kept runs of a campaign, the newest of each cell."""

from collections.abc import Iterable
from datetime import UTC, datetime

from florist.archive.keys import segment
from florist.archive.manifest import Manifest
from florist.archive.records import parsed_record
from florist.archive.side_by_side import side_by_side
from florist.campaigns.delivery.errors import DeliveryError
from florist.stores.errors import IntegrityError
from florist.stores.store import Store
from florist.stores.written import written_in

READS_AT_ONCE = 16
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


async def kept_runs(store: Store, campaign: str) -> list[Manifest]:
    """Return the manifests of a campaign, in the order of row and step; each run once.

    Raises:
        DeliveryError: none is kept, or one cannot be read.
        StoreError: the store could not be asked.
    """
    found, damaged = await readable_runs(store, campaign)
    if damaged:
        raise DeliveryError([*damaged, "`florist archive verify` tells more; nothing was delivered"])
    if not found:
        raise DeliveryError(
            [f"{store.location} keeps nothing of a campaign {campaign!r}; `florist bill` lists them"]
        )
    return found


async def readable_runs(store: Store, campaign: str) -> tuple[list[Manifest], list[str]]:
    """Return the manifests of a campaign that can be read, as `kept_runs` does, and what is wrong with the others.

    Raises:
        StoreError: the store could not be asked.
    """
    found: dict[str, Manifest] = {}
    damaged: list[str] = []
    written = written_in(store, "manifests")

    async def read(key: str) -> None:
        try:
            manifest = parsed_record(Manifest, written.get(key) or await store.read(key) or b"", key)
        except IntegrityError as error:
            damaged.append(str(error))
            return
        # Two names may have one folder.
        if manifest.campaign == campaign:
            found[manifest.run_id] = manifest

    folder = f"campaigns/{segment(campaign, otherwise='campaign')}/"
    keys = [item.key async for item in store.list(folder) if item.key.endswith(".json")]
    await side_by_side(keys, read, at_once=READS_AT_ONCE)
    ordered = sorted(
        found.values(), key=lambda manifest: (manifest.row or "", manifest.step or "", _made_at(manifest))
    )
    return ordered, sorted(damaged)


def newest_of_each_cell(manifests: Iterable[Manifest]) -> list[Manifest]:
    """Return those that were made last: the others had other inputs, or were given up.

    Args:
        manifests: in the order of `kept_runs`.
    """
    return list({(manifest.row, manifest.step): manifest for manifest in manifests}.values())


def _made_at(manifest: Manifest) -> datetime:
    return manifest.created_at or _LONG_AGO
