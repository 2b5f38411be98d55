"""A journal of open requests: a write-ahead record of the POSTs that a process is about to make.

::

    ledger/open/<technique>/<ten minutes of FLORA's time>/<nonce>.json      up to 16 requests of one process

A page is written before any of the entries it names says `sent`, so that whoever looks for open requests lists a
few pages instead of all entries. Only its writer deletes it, once each of its requests is resolved; a store that
denies deleting costs its readers some time, and nothing else.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from pydantic import ValidationError

from florist.ledger.entries import LedgerModel
from florist.stores.errors import StoreDeniedError
from florist.stores.store import Store

BUCKET = timedelta(minutes=10)
REQUESTS_AT_MOST = 16


class OpenRequest(LedgerModel):
    """A request that may be under way: the entry, and the record that will say that it was sent."""

    key: str
    number: int


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

    async def delete(self, path: str) -> None:
        """Delete a page of one's own, none of whose requests is open; where the store denies that, let it be."""
        if not self._may_delete:
            return
        try:
            await self._store.delete(path)
        except StoreDeniedError:
            self._may_delete = False

    async def open_between(
        self, technique_id: str, since: datetime, until: datetime, *, but_of: str | None = None
    ) -> OpenRequests:
        """Return the requests named on pages written between two moments, as far as their pages still stand.

        Args:
            but_of: an owner whose pages are left out.
        """
        found: dict[str, OpenRequest] = {}
        unreadable: list[str] = []
        for bucket in range(_bucket_of(since), _bucket_of(until) + 1):
            for path in [item.key async for item in self._store.list(_folder(technique_id, bucket))]:
                data = await self._store.read(path)
                if data is None:  # deleted since it was listed: nothing on it is open
                    continue
                try:
                    page = JournalPage.model_validate_json(data)
                except (ValidationError, ValueError, RecursionError):
                    unreadable.append(path)
                    continue
                if page.owner != but_of:
                    found |= {request.key: request for request in page.requests}
        return OpenRequests(tuple(found.values()), tuple(unreadable))


def _bucket_of(moment: datetime) -> int:
    return int(moment.timestamp() // BUCKET.total_seconds())


def _folder(technique_id: str, bucket: int) -> str:
    return f"ledger/open/{quote(technique_id, safe='')}/{bucket}/"
