"""The ledger as it is kept: append-only numbered records in the archive's store, by optimistic concurrency.

::

    ledger/entries/<technique>/<key>/0000.json      one record after another; each is the whole entry
    ledger/claims/<run>.json                        which entry a run belongs to
    ledger/callbacks/<token>.json                   which run a webhook said a request has made
    ledger/contents/<campaign>/<digest>.json        what bytes a URL of the user's led to
    ledger/scopes/<digest>.json                     that work of this campaign, or flow run, has begun
    ledger/open/…, ledger/promises/…                see `journal` and `promises`

A record is created only if there is none of its number: whoever creates record n decides what comes after n-1.
Entries, claims and notes are never overwritten or deleted.
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import NamedTuple
from urllib.parse import quote
from uuid import uuid4

from pydantic import ValidationError

from florist.ledger.entries import Entry
from florist.ledger.errors import EntryMissingError, UnreadableRecordError
from florist.ledger.reading import side_by_side
from florist.stores.store import Store, StoredObject
from florist.stores.written import written_in

_SCOPES = "ledger/scopes/"


@dataclass(frozen=True, slots=True)
class UnreadableEntry:
    """An entry whose newest record is damaged, or of a later version. Nothing is paid for it until it is mended.

    Attributes:
        path: of the record.
        recorded_at: when it was written, by the store's clock.
    """

    path: str
    recorded_at: datetime

    @property
    def key(self) -> str:
        """The key of the entry."""
        return _key_of(self.path)


class NewestRecord(NamedTuple):
    """Where an entry stands: its newest record, by its number and where it is."""

    number: int
    record: StoredObject


@dataclass(frozen=True, slots=True)
class Survey:
    """All entries of a ledger, or of a technique: those that can be read, and those that cannot."""

    entries: tuple[Entry, ...]
    unreadable: tuple[UnreadableEntry, ...] = ()


class Ledger:
    """The entries, the claims on runs, and what else must be remembered, in one store.

    Example: docs/client.md, "Paying once".
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._written = written_in(store, "entries")
        self._claimants: dict[str, str] = {}
        self._hears_webhooks = False
        self._scopes: dict[str, asyncio.Task[bool]] = {}

    async def check(self) -> None:
        """Make sure that the store never overwrites.

        Raises:
            StoreUnsafeError: it does: it cannot guard money.
        """
        await self.store.check()

    async def entry(self, work_key: str, technique_id: str) -> Entry | None:
        """Return an entry as of its newest record; None if there is none. Costs a listing and a read."""
        newest = _newest([record async for record in self.store.list(_folder(technique_id, work_key))])
        return None if newest is None else await self._read(newest.key)

    async def entry_from(self, work_key: str, technique_id: str, number: int) -> Entry | None:
        """Return an entry as of its newest record, of which this number is known to exist.

        Read by key, one after another: a listing may be late and show an older one as the newest.
        """
        newest = None
        for following in count(number):
            path = _record(technique_id, work_key, following)
            data = await self.store.read(path)
            if data is None:
                break
            newest = self._parsed(path, data)
        return newest

    async def recorded_at(self, entry: Entry) -> dict[int, datetime]:
        """Return when each record of an entry was written, by the store's own clock."""
        listing = self.store.list(_folder(entry.work.technique_id, entry.key))
        return {_number_of(record.key): record.modified_at async for record in listing}

    async def append(self, entry: Entry) -> bool:
        """Write the entry's newest record; False if somebody else wrote one of that number first.

        Safe to repeat with the same entry: the owner in it tells our own record from anybody else's.
        """
        technique_id, number = entry.work.technique_id, entry.number
        path, data = _record(technique_id, entry.key, number), entry.model_dump_json(indent=1).encode()
        if not await self.store.create(path, data):
            return False
        before = _record(technique_id, entry.key, number - 1) if number else None
        self._written.note(path, data, instead_of=before)
        return True

    async def claim(self, run_id: str, key: str) -> str:
        """Claim a run for an entry, for good; return the key of the entry that has it, which may be another.

        The claim names the key, so that a run claimed and not yet recorded as `started` is found again.
        """
        if await self.store.create(_claim(run_id), _json({"run_id": run_id, "key": key})):
            self._claimants[run_id] = key
            return key
        return await self.claimant(run_id) or key

    async def claimant(self, run_id: str) -> str | None:
        """Return the key of the entry that has claimed a run. Claims are for good, so that each is read once."""
        if run_id not in self._claimants:
            key = _field(await self.store.read(_claim(run_id)), "key")
            if key is None:
                return None
            self._claimants[run_id] = key
        return self._claimants[run_id]

    def is_known_claimed(self, run_id: str) -> bool:
        """Whether this process knows, without asking the store, that a run belongs to an entry."""
        return run_id in self._claimants

    async def is_new_scope(self, name: str) -> bool:
        """Note that work of a campaign, or of a flow run, begins; return whether nobody has noted it before.

        For as long as the process lives its answer stays the same. It saves reading entries that cannot be there,
        and nothing else rests on it: whoever creates an entry finds out if there was one.
        """
        if name not in self._scopes:
            self._scopes[name] = asyncio.create_task(self._note_scope(name))
        try:
            return await asyncio.shield(self._scopes[name])
        except Exception:
            self._scopes.pop(name, None)
            raise

    async def has_begun(self, name: str) -> bool:
        """Whether work of a campaign, or of a flow run, was ever begun here."""
        return await self.store.head(_scope(name)) is not None

    async def note_callback(self, token: str, run_id: str) -> None:
        """Keep what a webhook told, of which the signature has been verified.

        Args:
            token: out of the path of the callback URL; see `callback_token`.
        """
        await self.store.create(_callback(token), _json({"run_id": run_id}))

    async def callback(self, token: str) -> str | None:
        """Return the id of the run a webhook named for this token; None if none came."""
        return _field(await self.store.read(_callback(token)), "run_id")

    async def hears_webhooks(self) -> bool:
        """Whether a webhook has ever been noted here: that an address is configured proves no receiver."""
        if not self._hears_webhooks:
            found = await anext(aiter(self.store.list("ledger/callbacks/")), None)
            self._hears_webhooks = found is not None
        return self._hears_webhooks

    async def content_of_url(self, url: str, *, campaign: str, digest: Callable[[str], Awaitable[str]]) -> str:
        """Return the SHA-256 of what a URL led to when the campaign first used it.

        Args:
            digest: fetches a URL and returns the hex SHA-256 of its bytes; called once per campaign and URL.
        """
        path = _content(campaign, url)
        known = await self.known_content_of_url(url, campaign=campaign)
        if known is None:
            fetched = await digest(url)
            is_first = await self.store.create(path, _json({"sha256": fetched}))
            known = fetched if is_first else _field(await self.store.read(path), "sha256")
        return known or ""

    async def known_content_of_url(self, url: str, *, campaign: str) -> str | None:
        """Return what `content_of_url` remembers; None if the campaign has not used the URL yet."""
        return _field(await self.store.read(_content(campaign, url)), "sha256")

    async def records(self, entry: Entry) -> tuple[Entry, ...]:
        """Return an entry's whole history, oldest first."""
        listing = self.store.list(_folder(entry.work.technique_id, entry.key))
        paths = sorted([record.key async for record in listing], key=_number_of)
        return tuple(await side_by_side(self._read, paths))

    async def survey(self, technique_id: str | None = None) -> Survey:
        """Return all entries, or a technique's, as of their newest records, in the order of their paths."""
        newest = await self.newest_records(technique_id)
        return await self.read_newest(sorted((each.record for each in newest.values()), key=lambda each: each.key))

    async def newest_records(self, technique_id: str | None = None) -> dict[str, NewestRecord]:
        """Return where each entry stands, by its key, in no order; nothing but a listing is read."""
        prefix = "ledger/entries/" if technique_id is None else f"ledger/entries/{_segment(technique_id)}/"
        newest: dict[str, NewestRecord] = {}
        async for record in self.store.list(prefix):
            key, number = _key_of(record.key), _number_of(record.key)
            if key not in newest or newest[key].number < number:
                newest[key] = NewestRecord(number, record)
        return newest

    async def read_newest(self, records: Iterable[StoredObject]) -> Survey:
        """Return the entries whose newest records these are, in their order."""
        found = await side_by_side(self._read_or_not, records)
        return Survey(
            tuple(each for each in found if isinstance(each, Entry)),
            tuple(each for each in found if isinstance(each, UnreadableEntry)),
        )

    async def each(
        self, take: Callable[[str, Entry | UnreadableEntry], None], technique_id: str | None = None
    ) -> None:
        """Hand on each entry as of its newest record as it is read, in no order: for more than memory may hold.

        Args:
            take: called with the record's path and what it says.
        """

        async def read(newest: NewestRecord) -> None:
            take(newest.record.key, await self._read_or_not(newest.record))

        await side_by_side(read, (await self.newest_records(technique_id)).values())

    async def entries(self, technique_id: str | None = None) -> tuple[Entry, ...]:
        """Return the entries that can be read; see `survey`."""
        return (await self.survey(technique_id)).entries

    async def find(self, key: str) -> Entry:
        """Return the entry whose key begins so.

        Raises:
            EntryMissingError: none, or several.
        """
        beginning = key.strip().lower()
        newest = await self.newest_records()
        found = [each.record for whole, each in newest.items() if whole.startswith(beginning)]
        if len(found) != 1:
            what = "no entry" if not found else f"{len(found)} entries, not one,"
            raise EntryMissingError(f"{what} in {self.store.location} with a key that begins with {key!r}")
        return await self._read(found[0].key)

    async def _note_scope(self, name: str) -> bool:
        return await self.store.create(_scope(name), _json({"scope": name, "first": uuid4().hex}))

    async def _read_or_not(self, record: StoredObject) -> Entry | UnreadableEntry:
        try:
            return await self._read(record.key)
        except UnreadableRecordError:
            return UnreadableEntry(record.key, record.modified_at)

    async def _read(self, path: str) -> Entry:
        return self._parsed(path, self._written.get(path) or await self.store.read(path))

    def _parsed(self, path: str, data: bytes | None) -> Entry:
        try:
            return Entry.model_validate_json(data or b"")
        except (ValidationError, ValueError, RecursionError) as error:
            raise UnreadableRecordError(
                f"{path} in {self.store.location} is not a record this version of Florist understands; "
                "update Florist, or look at the file. Nothing was paid for"
            ) from error


def callback_token(entry: Entry) -> str:
    """Return what to put into the path of a request's callback URL; the signed delivery then names its run."""
    return hashlib.sha256(f"callback {entry.idempotency_key}".encode()).hexdigest()[:32]


def _scope(name: str) -> str:
    return f"{_SCOPES}{hashlib.sha256(name.encode()).hexdigest()[:40]}.json"


def _folder(technique_id: str, key: str) -> str:
    return f"ledger/entries/{_segment(technique_id)}/{key}/"


def _record(technique_id: str, key: str, number: int) -> str:
    return f"{_folder(technique_id, key)}{number:04d}.json"


def _claim(run_id: str) -> str:
    return f"ledger/claims/{_segment(run_id)}.json"


def _callback(token: str) -> str:
    return f"ledger/callbacks/{_segment(token)}.json"


def _content(campaign: str, url: str) -> str:
    return f"ledger/contents/{_segment(campaign)}/{hashlib.sha256(url.encode()).hexdigest()}.json"


def _segment(name: str) -> str:
    return quote(name, safe="")


def _number_of(path: str) -> int:
    name = path.rpartition("/")[2].partition(".")[0]
    return int(name) if name.isdecimal() else -1


def _newest(records: list[StoredObject]) -> StoredObject | None:
    """Return the record with the highest number: listings need not be sorted."""
    return max(records, key=lambda record: _number_of(record.key), default=None)


def _key_of(path: str) -> str:
    return path.rsplit("/", 2)[-2]


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
