"""Campaigns by their names: what binds runs of several nights and machines into one piece of work.

::

    ledger/campaigns/<digest of the name without case>/<digest of the name>.json     one a name, never altered

So one listing tells whether an archive knows a campaign, or one that differs by case alone.
"""

import hashlib
import unicodedata
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, ValidationError

from florist.archive.keys import segment
from florist.archive.side_by_side import side_by_side
from florist.errors import ConfigurationError
from florist.frozen import FrozenModel
from florist.stores.store import Store

_FOLDER = "ledger/campaigns/"
_READS_AT_ONCE = 16


def campaign_name(name: str) -> str:
    """Return the one spelling of a campaign's name: Unicode's NFC, without blanks at its ends.

    Two spellings that look alike must not be two campaigns, of which the second is paid for anew.
    """
    return unicodedata.normalize("NFC", name).strip()


CampaignName = Annotated[str, AfterValidator(campaign_name)]
"""A field that holds a campaign's name in its one spelling."""


class CampaignNote(FrozenModel):
    """That a campaign was begun in this archive."""

    schema_version: Literal[1] = 1
    name: CampaignName


class Campaigns:
    """The campaigns that one archive knows."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def knows(self, name: str) -> bool:
        """Whether a campaign of this name was begun here."""
        if await self._store.head(_key(name)) is not None:
            return True
        # One from before there were notes has its outputs here all the same.
        listing = aiter(self._store.list(f"campaigns/{segment(name, otherwise='campaign')}/"))
        return await anext(listing, None) is not None

    async def names(self) -> tuple[str, ...]:
        """Return the names of all campaigns that were begun here."""
        names: set[str] = set()

        async def read(key: str) -> None:
            names.add(_name_in(await self._store.read(key)))

        keys = [item.key async for item in self._store.list(_FOLDER)]
        await side_by_side(keys, read, at_once=_READS_AT_ONCE)
        return tuple(sorted(names - {""}))

    async def similar(self, name: str) -> tuple[str, ...]:
        """Return the names known here that differ from this one by case alone."""
        keys = [item.key async for item in self._store.list(_folder(name))]
        names = [_name_in(await self._store.read(key)) for key in keys if key != _key(name)]
        return tuple(sorted(found for found in names if found))

    async def begin(self, name: str, *, is_new: bool = False) -> bool:
        """Remember a campaign before anything is paid for in it; safe to repeat. Returns whether it was known.

        Args:
            is_new: it is meant to be another one than those that differ by case alone.

        Raises:
            ConfigurationError: there is one that differs by case alone, and this is not said to be another.
        """
        is_known = await self.knows(name)
        similar = () if is_known or is_new else await self.similar(name)
        if similar:
            raise mistakable(name, similar)
        await self._store.create(_key(name), CampaignNote(name=name).model_dump_json().encode())
        return is_known


def mistakable(name: str, similar: Sequence[str]) -> ConfigurationError:
    """Return the error of a campaign that may be meant to be another one."""
    return ConfigurationError(
        f"campaign {name!r} differs from {', '.join(map(repr, similar))} by capital letters alone: write it like "
        "that to go on with it, or say that it is a new one (--new-campaign; in a flow or in Python, new_campaign)"
    )


def _folder(name: str) -> str:
    return f"{_FOLDER}{_digest(name.casefold())}/"


def _key(name: str) -> str:
    return f"{_folder(name)}{_digest(name)}.json"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


def _name_in(content: bytes | None) -> str:
    try:
        return CampaignNote.model_validate_json(content or b"").name
    except ValidationError:  # a damaged note hides one name from a question, and no paid run
        return ""
