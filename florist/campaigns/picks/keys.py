"""Where what people choose is kept: numbered records of each row of a campaign."""

import hashlib

from florist.campaigns.plan.keys import number_in
from florist.stores.store import Store

PICKS = "picks/"
TAKES = "takes/"


def campaign_folder(kind: str, campaign: str | None) -> str:
    """Return the folder of a campaign's records; None for those of all."""
    return kind if campaign is None else f"{kind}{_digest(campaign)}/"


def row_folder(kind: str, campaign: str, row: str) -> str:
    """Return the folder of the records of a row."""
    return f"{campaign_folder(kind, campaign)}{_digest(row)}/"


def record_key(kind: str, campaign: str, row: str, number: int) -> str:
    """Return the key of a record."""
    return f"{row_folder(kind, campaign, row)}{number:06d}.json"


async def newest_under(store: Store, folder: str) -> str | None:
    """Return the key of the newest record of a row; None without any."""
    keys = [item.key async for item in store.list(folder)]
    return max(keys, key=number_in, default=None)


async def newest_of_rows(store: Store, kind: str, campaign: str | None) -> list[str]:
    """Return the keys of the newest record of each row that has any."""
    newest: dict[str, str] = {}
    async for item in store.list(campaign_folder(kind, campaign)):
        folder = item.key.rpartition("/")[0]
        if number_in(item.key) > number_in(newest.get(folder, "")):
            newest[folder] = item.key
    return sorted(newest.values())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]
