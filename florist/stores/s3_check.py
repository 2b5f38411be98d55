"""Checks an S3 store once a day: probes what it guarantees, and remembers the verdict in the store itself.

The record lies under `checks/<endpoint>/<number>.json`. Whoever can forge it can write into the archive, and could
forge the ledger as well: it is trusted no less and no more. It holds for one endpoint, so that an archive moved to
another store is probed anew, and each process that relies on it tries first to overwrite it.
"""

import hashlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import ValidationError

from florist.frozen import FrozenModel
from florist.stores.errors import IntegrityError, StoreError, StoreUnsafeError
from florist.stores.probe import FOLDER, probe_keys, race, removed
from florist.stores.s3_client import S3Calls
from florist.stores.s3_proof import Integrity, integrity_of
from florist.stores.s3_upload import Checksum, Completion, Digest, MultipartUpload
from florist.stores.store import Store

LASTS = timedelta(days=1)

LASTS_WHERE_PROBES_STAY = timedelta(days=30)
"""Where a probe's objects cannot be removed, or stay as locked versions, a probe a day would heap them up."""

_CLOCKS_DIFFER = timedelta(minutes=15)
"""S3 refuses requests of a machine whose clock is further off."""

logger = logging.getLogger(__name__)


class Verdict(FrozenModel):
    """What an S3 store was seen to guarantee, besides atomic creation, without which it is refused."""

    schema_version: Literal[1]
    endpoint: str
    integrity: Integrity
    completion: Completion
    lists_in_order: bool
    is_left_clean: bool


UNCHECKED = Verdict(
    schema_version=1, endpoint="", integrity="none", completion="unknown", lists_in_order=False, is_left_clean=True
)
"""Of a store that nobody has checked: nothing is taken on trust."""

_known: dict[tuple[str, ...], tuple[Verdict, datetime]] = {}
"""The verdicts this process has come to, and when; for every store object on the same location."""


class Checker:
    """Comes to a verdict about one store: this process's own, else the store's record, else by probing.

    Args:
        write: arguments that every PutObject has: bucket and options, without a key.
        full_key: turns a key of the store into one of the bucket.
        keeps_versions: whether a delete was seen to leave a version behind.
    """

    def __init__(
        self,
        store: Store,
        calls: S3Calls,
        *,
        write: Mapping[str, Any],
        checksum: Checksum,
        credentials: str,
        full_key: Callable[[str], str],
        keeps_versions: Callable[[], bool],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._calls = calls
        self._write = write
        self._checksum = checksum
        self._credentials = credentials
        self._full_key = full_key
        self._keeps_versions = keeps_versions
        self._now = now

    async def verdict(self) -> Verdict:
        """Return what this process knows, without asking the store."""
        found, _ = _known.get(await self._identity(), (UNCHECKED, None))
        if found.integrity == "checksum":
            self._calls.rely_on_checksums()
        return found

    async def check(self) -> None:
        """Come to a verdict, for a day.

        Raises:
            StoreUnsafeError: the store cannot guard money.
            StoreError: it cannot be written to, or read from.
        """
        identity = await self._identity()
        found, since = _known.get(identity, (None, self._now()))
        if found is None or self._now() - since > LASTS:
            found = await self._recorded() or await self._probed()
            _known[identity] = found, self._now()

    async def _identity(self) -> tuple[str, ...]:
        return self._store.location, await self._calls.endpoint(), self._checksum, self._credentials

    async def _folder(self) -> str:
        endpoint = f"{await self._calls.endpoint()} {self._checksum}"
        return f"{FOLDER}{hashlib.sha256(endpoint.encode()).hexdigest()[:12]}/"

    async def _records(self) -> dict[str, datetime]:
        return {item.key: item.modified_at async for item in self._store.list(await self._folder())}

    async def _recorded(self) -> Verdict | None:
        """Return the newest record if it still holds, and cannot be overwritten."""
        records = await self._records()
        if not records:
            return None
        key = max(records)
        verdict = _parsed(await self._store.read(key))
        age = self._now() - records[key]
        if verdict is None or not -_CLOCKS_DIFFER <= age < _lifetime(verdict):
            return None
        if await self._store.create(key, b"{}"):
            raise StoreUnsafeError(
                f"{self._store.location} has overwritten {key}, against If-None-Match; it cannot guard against "
                "paying twice",
                location=self._store.location,
            )
        return verdict

    async def _probed(self) -> Verdict:
        keys = probe_keys()
        more = (keys[0].replace(".json", ".checksum"), keys[0].replace(".json", ".signature"))
        is_left_clean = False
        try:
            lists_in_order = await race(self._store, keys)
            completion = await self._completion(keys[0])
            integrity = await integrity_of(
                self._calls, self._write, self._checksum, keys=(self._full_key(more[0]), self._full_key(more[1]))
            )
        finally:
            is_left_clean = await removed(self._store, (*keys, *more))
        verdict = Verdict(
            schema_version=1,
            endpoint=await self._calls.endpoint(),
            integrity=integrity,
            completion=completion,
            lists_in_order=lists_in_order,
            is_left_clean=is_left_clean and not self._keeps_versions(),
        )
        self._tell(verdict)
        await self._record(verdict)
        return verdict

    async def _completion(self, taken: str) -> Completion:
        """Complete an upload under a key that is taken, and see what becomes of it."""
        key = self._full_key(taken)
        upload = MultipartUpload(self._calls, self._write["Bucket"], key, Digest(self._checksum))
        try:
            is_completed = await upload.send(_one_part(), {"ContentType": "application/json", **self._write})
        except StoreUnsafeError:
            return "refuses-condition"
        told = await self._store.head(taken)
        is_replaced = told is not None and upload.is_mine(told.metadata)
        return "ignores-condition" if is_completed or is_replaced else "conditional"

    async def _record(self, verdict: Verdict) -> None:
        """Write the verdict down for other processes; without it they probe for themselves."""
        try:
            records = await self._records()
            number = max((int(key.rpartition("/")[2].partition(".")[0]) for key in records), default=0) + 1
            key = f"{await self._folder()}{number:06d}.json"
            await self._store.create(key, verdict.model_dump_json(indent=1).encode())
            await removed(self._store, records if verdict.is_left_clean else ())
        except (StoreError, IntegrityError, ValueError) as error:
            logger.warning("the check of %s could not be noted there: %s", self._store.location, error)

    def _tell(self, verdict: Verdict) -> None:
        if verdict.integrity == "none":
            logger.warning(
                "%s verifies neither checksums nor signed payloads: everything written is read back and compared",
                self._store.location,
            )
        if verdict.completion != "conditional":
            logger.warning(
                "%s does not enforce If-None-Match at the end of a multipart upload: two writers of one large "
                "output could overwrite each other",
                self._store.location,
            )


def _lifetime(verdict: Verdict) -> timedelta:
    return LASTS if verdict.is_left_clean else LASTS_WHERE_PROBES_STAY


def _parsed(content: bytes | None) -> Verdict | None:
    try:
        return Verdict.model_validate_json(content or b"")
    except ValidationError:
        return None


async def _one_part() -> AsyncIterator[bytes]:
    yield b"{}"
