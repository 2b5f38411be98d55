"""Where a campaign's plans are kept, beside its outputs and its ledger."""

import hashlib

from florist.stores.store import Store


def plans_folder(campaign: str) -> str:
    """Return the folder of a campaign's plans and snapshots."""
    return f"plans/{hashlib.sha256(campaign.encode(errors='surrogatepass')).hexdigest()[:32]}/"


async def numbered(store: Store, folder: str) -> list[str]:
    """Return the keys of numbered records, by their numbers: listings need not be sorted."""
    keys = [item.key async for item in store.list(folder)]
    return sorted((key for key in keys if number_in(key) >= 0), key=number_in)


def number_in(key: str) -> int:
    """Return the number of a record; -1 for what is none."""
    name = key.rpartition("/")[2].partition(".")[0]
    return int(name) if name.isdecimal() else -1
