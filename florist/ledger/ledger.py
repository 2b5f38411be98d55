"""The ledger as it is kept: numbered records in the archive's store, written only where there is none.

::

    ledger/entries/<technique>/<key>/0000.json      one record after another; each is the whole entry
    ledger/claims/<run>.json                        which entry a run belongs to
    ledger/callbacks/<token>.json                   which run a webhook said a request has made
    ledger/contents/<campaign>/<digest>.json        what bytes a URL of the user's led to

Nothing is ever overwritten or deleted, and whoever writes record n first decides what comes after n-1.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from urllib.parse import quote

from pydantic import ValidationError

from florist.ledger.entries import Entry
from florist.ledger.errors import EntryMissingError, UnreadableRecordError
from florist.stores.store import Store, StoredObject

_READS_AT_ONCE = 16
_NEIGHBOURHOOD = timedelta(hours=1)
"""Requests that were open at one time were recorded within minutes of each other, by the store's one clock."""


class Ledger:
    """The entries, the claims on runs, and what else must be remembered, in one store.

    Example: docs/client.md, "Paying once".
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    async def check(self) -> None:
        """Make sure that the store never overwrites.

        Raises:
            StoreUnsafeError: it does: it cannot guard money.
        """
        await self.store.check()

    async def entry(self, work_key: str, technique_id: str) -> Entry | None:
        """Return an entry as of its newest record; None if there is none. Costs a listing and a read."""
        newest = None
        async for record in self.store.list(_folder(technique_id, work_key)):
            newest = record.key
        return None if newest is None else await self._read(newest)

    async def append(self, entry: Entry) -> bool:
        """Write the entry's newest record; False if somebody else wrote one of that number first.

        Safe to repeat with the same entry: the owner in it tells our own record from anybody else's.
        """
        path = f"{_folder(entry.work.technique_id, entry.key)}{entry.number:04d}.json"
        return await self.store.create(path, entry.model_dump_json(indent=1).encode())

    async def claim(self, run_id: str, key: str) -> str:
        """Claim a run for an entry, for good; return the key of the entry that has it, which may be another.

        The claim names the key, so that a run claimed and not yet recorded as `started` is found again.
        """
        if await self.store.create(_claim(run_id), _json({"run_id": run_id, "key": key})):
            return key
        return await self.claimant(run_id) or key

    async def claimant(self, run_id: str) -> str | None:
        """Return the key of the entry that has claimed a run."""
        return _field(await self.store.read(_claim(run_id)), "key")

    async def note_callback(self, token: str, run_id: str) -> None:
        """Keep what a webhook told, of which the signature has been verified.

        Args:
            token: out of the path of the callback URL; see `callback_token`.
        """
        await self.store.create(_callback(token), _json({"run_id": run_id}))

    async def callback(self, token: str) -> str | None:
        """Return the id of the run a webhook named for this token; None if none came."""
        return _field(await self.store.read(_callback(token)), "run_id")

    async def content_of_url(self, url: str, *, campaign: str, digest: Callable[[str], Awaitable[str]]) -> str:
        """Return the SHA-256 of what a URL led to when the campaign first used it.

        Args:
            digest: fetches a URL and returns the hex SHA-256 of its bytes; called once per campaign and URL.
        """
        path = f"ledger/contents/{_segment(campaign)}/{hashlib.sha256(url.encode()).hexdigest()}.json"
        known = _field(await self.store.read(path), "sha256")
        if known is None:
            fetched = await digest(url)
            is_first = await self.store.create(path, _json({"sha256": fetched}))
            known = fetched if is_first else _field(await self.store.read(path), "sha256")
        return known or ""

    async def records(self, entry: Entry) -> tuple[Entry, ...]:
        """Return an entry's whole history, oldest first."""
        listing = self.store.list(_folder(entry.work.technique_id, entry.key))
        return await self._read_all([record.key async for record in listing])

    async def entries(self, technique_id: str | None = None) -> tuple[Entry, ...]:
        """Return all entries, or a technique's, as of their newest records, in the order of their paths."""
        newest = [records[-1].key async for records in self._grouped(technique_id)]
        return await self._read_all(newest)

    async def neighbours(self, entry: Entry) -> tuple[Entry, ...]:
        """Return the technique's other entries that may have had a request open together with its own."""
        groups = [records async for records in self._grouped(entry.work.technique_id)]
        own = _folder(entry.work.technique_id, entry.key)
        ours = [records[0].modified_at for records in groups if records[0].key.startswith(own)]
        since = min(ours, default=None)
        wanted = (
            records[-1].key
            for records in groups
            if not records[0].key.startswith(own) and _may_be_open(records, since)
        )
        return await self._read_all(wanted)

    async def find(self, key: str) -> Entry:
        """Return the entry whose key begins so.

        Raises:
            EntryMissingError: none, or several.
        """
        found = [
            records[-1].key
            async for records in self._grouped(None)
            if _key_of(records[-1].key).startswith(key.strip().lower())
        ]
        if len(found) != 1:
            what = "no entry" if not found else f"{len(found)} entries, not one,"
            raise EntryMissingError(f"{what} in {self.store.location} with a key that begins with {key!r}")
        return await self._read(found[0])

    async def _grouped(self, technique_id: str | None) -> AsyncIterator[list[StoredObject]]:
        """Yield the records of one entry after another, each in order."""
        prefix = "ledger/entries/" if technique_id is None else f"ledger/entries/{_segment(technique_id)}/"
        group: list[StoredObject] = []
        async for record in self.store.list(prefix):
            if group and _key_of(group[0].key) != _key_of(record.key):
                yield group
                group = []
            group.append(record)
        if group:
            yield group

    async def _read_all(self, paths: Iterable[str]) -> tuple[Entry, ...]:
        places = asyncio.Semaphore(_READS_AT_ONCE)

        async def read(path: str) -> Entry:
            async with places:
                return await self._read(path)

        return tuple(await asyncio.gather(*(read(path) for path in paths)))

    async def _read(self, path: str) -> Entry:
        data = await self.store.read(path)
        try:
            return Entry.model_validate_json(data or b"")
        except ValidationError as error:
            raise UnreadableRecordError(
                f"{path} in {self.store.location} is not a record this version of Florist understands; "
                "update Florist, or look at the file. Nothing was paid for"
            ) from error


def callback_token(entry: Entry) -> str:
    """Return what to put into the path of a request's callback URL; the signed delivery then names its run."""
    return hashlib.sha256(f"callback {entry.idempotency_key}".encode()).hexdigest()[:32]


def _folder(technique_id: str, key: str) -> str:
    return f"ledger/entries/{_segment(technique_id)}/{key}/"


def _claim(run_id: str) -> str:
    return f"ledger/claims/{_segment(run_id)}.json"


def _callback(token: str) -> str:
    return f"ledger/callbacks/{_segment(token)}.json"


def _segment(name: str) -> str:
    return quote(name, safe="")


def _key_of(path: str) -> str:
    return path.rsplit("/", 2)[-2]


def _may_be_open(records: list[StoredObject], since: datetime | None) -> bool:
    """Whether an entry is worth reading: gone beyond `intended`, and not long before the one in question."""
    if len(records) == 1:
        return False
    return since is None or records[-1].modified_at >= since - _NEIGHBOURHOOD


def _json(fields: dict[str, str]) -> bytes:
    return json.dumps(fields, sort_keys=True).encode()


def _field(data: bytes | None, name: str) -> str | None:
    if data is None:
        return None
    try:
        value = json.loads(data)[name]
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableRecordError("a note of the ledger is damaged; nothing was paid for") from error
    return str(value)
