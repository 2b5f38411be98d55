"""A journal of open requests: a write-ahead record of the POSTs that a process is about to make.

::

    ledger/open/<technique>/<ten minutes of FLORA's time>/<nonce>.json      up to 16 requests of one process

A page is written before any of the entries it names says `sent`, so that whoever looks for open requests lists a
few pages instead of all entries. Only its writer deletes it, once each of its requests is resolved, several pages
together; a store that denies deleting costs its readers some time, and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import quote, unquote

from pydantic import ValidationError

from florist.ledger.entries import LedgerModel
from florist.ledger.reading import side_by_side
from florist.stores.errors import StoreDeniedError
from florist.stores.store import Store

Unreadable = Literal["unreadable"]
UNREADABLE: Unreadable = "unreadable"
BUCKET = timedelta(minutes=10)
REQUESTS_AT_MOST = 16
_OPEN = "ledger/open/"


class OpenRequest(LedgerModel):
    """A request that may be under way: the entry, and the record that will say that it was sent.

    Attributes:
        needs: the runs whose outputs it takes; None where an older version announced it.
    """

    key: str
    number: int
    needs: tuple[str, ...] | None = None


class JournalPage(LedgerModel):
    """The requests that one process was about to make.

    Attributes:
        opened_at: by FLORA's clock; nothing named here leaves later than one lease after it.
    """

    schema_version: int = 1
    opened_at: datetime
    owner: str
    requests: tuple[OpenRequest, ...]


@dataclass(frozen=True, slots=True)
class OpenRequests:
    """What the journal says may be under way.

    Attributes:
        unreadable: paths of pages that cannot be read: whatever they named may be under way.
    """

    requests: tuple[OpenRequest, ...]
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnnouncedPage:
    """A page, and what its place in the store says of it.

    Attributes:
        page: None if it cannot be read.
        modified_at: when it was written, by the store's clock.
    """

    path: str
    technique_id: str
    modified_at: datetime
    page: JournalPage | None


class Journal:
    """The pages of every process, in one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._may_delete = True

    async def write(self, technique_id: str, page: JournalPage, *, nonce: str) -> str:
        """Write a page and return its path. Safe to repeat with the same nonce."""
        path = f"{_folder(technique_id, _bucket_of(page.opened_at))}{nonce}.json"
        await self._store.create(path, page.model_dump_json().encode())
        return path

    async def delete(self, paths: Sequence[str]) -> None:
        """Delete pages of one's own, none of whose requests is open; where the store denies that, let it be."""
        if not self._may_delete:
            return
        try:
            await self._store.delete(*paths)
        except StoreDeniedError:
            self._may_delete = False

    async def open_between(
        self, technique_id: str, since: datetime, until: datetime, *, but_of: str | None = None
    ) -> OpenRequests:
        """Return the requests named on pages written between two moments, as far as their pages still stand.

        Args:
            but_of: an owner whose pages are left out.
        """
        buckets = range(_bucket_of(since), _bucket_of(until) + 1)
        listings = (self._store.list(_folder(technique_id, bucket)) for bucket in buckets)
        paths = [item.key for listing in listings async for item in listing]
        pages = dict(zip(paths, await side_by_side(self._read, paths), strict=True))
        found = {
            request.key: request
            for page in pages.values()
            if isinstance(page, JournalPage) and page.owner != but_of
            for request in page.requests
        }
        return OpenRequests(tuple(found.values()), tuple(path for path in paths if pages[path] is UNREADABLE))

    async def pages(self) -> list[AnnouncedPage]:
        """Return the pages of all techniques and times that still stand."""
        items = [item async for item in self._store.list(_OPEN)]
        pages = await side_by_side(self._read, [item.key for item in items])
        return [
            AnnouncedPage(
                path=item.key,
                technique_id=unquote(item.key.removeprefix(_OPEN).partition("/")[0]),
                modified_at=item.modified_at,
                page=page if isinstance(page, JournalPage) else None,
            )
            for item, page in zip(items, pages, strict=True)
            if page is not None
        ]

    async def _read(self, path: str) -> "JournalPage | Unreadable | None":
        """Return a page; None if it was deleted since it was listed: nothing on it is open."""
        data = await self._store.read(path)
        try:
            return None if data is None else JournalPage.model_validate_json(data)
        except (ValidationError, ValueError, RecursionError):
            return UNREADABLE


def _bucket_of(moment: datetime) -> int:
    return int(moment.timestamp() // BUCKET.total_seconds())


def _folder(technique_id: str, bucket: int) -> str:
    return f"{_OPEN}{quote(technique_id, safe='')}/{bucket}/"
