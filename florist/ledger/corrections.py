"""Corrections: what FLORA says a run was charged, where that is not what its entry says; append-only.

::

    ledger/corrections/<run>/0001.json      one after another; the newest number counts

An entry is never rewritten: a bill reads the newest correction of a run beside it.
"""

import asyncio
from collections.abc import Iterable
from decimal import Decimal
from urllib.parse import quote

from pydantic import AwareDatetime, ValidationError

from florist.ledger.entries import LedgerModel, RunFacts
from florist.stores.store import Store

FOLDER = "ledger/corrections/"
_READS_AT_ONCE = 16


class Correction(LedgerModel):
    """How a run ended and what it was charged, as history told it later.

    Attributes:
        key: of the entry that the run belongs to.
        number: of this correction among the run's, from 1.
        was_usd: what was known before; None if nothing was.
    """

    schema_version: int = 1
    run_id: str
    key: str
    number: int = 1
    was_usd: Decimal | None = None
    now: RunFacts
    seen_at: AwareDatetime


class Corrections:
    """The corrections in one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def newest(self) -> dict[str, Correction]:
        """Return the newest correction of every run that has one, by the run's id."""
        return await self._newest_below(FOLDER)

    async def of(self, run_id: str) -> Correction | None:
        """Return the newest correction of a run; None if there is none."""
        return (await self._newest_below(_folder(run_id))).get(run_id)

    async def note(self, correction: Correction) -> bool:
        """Append a correction; False if another sweep wrote one of that number first: the next looks again."""
        path = f"{_folder(correction.run_id)}{correction.number:04d}.json"
        return await self._store.create(path, correction.model_dump_json().encode())

    async def _newest_below(self, prefix: str) -> dict[str, Correction]:
        newest: dict[str, str] = {}
        async for item in self._store.list(prefix):
            folder, _, name = item.key.rpartition("/")
            newest[folder] = max(newest.get(folder, ""), name)
        found = await self._read_all(f"{folder}/{name}" for folder, name in newest.items())
        return {correction.run_id: correction for correction in found if correction is not None}

    async def _read_all(self, paths: Iterable[str]) -> list[Correction | None]:
        places = asyncio.Semaphore(_READS_AT_ONCE)

        async def read(path: str) -> Correction | None:
            async with places:
                content = await self._store.read(path)
            try:
                return Correction.model_validate_json(content or b"")
            except (ValidationError, ValueError):  # the entry's own charge stands, and the next sweep notes anew
                return None

        return await asyncio.gather(*map(read, paths))


def _folder(run_id: str) -> str:
    return f"{FOLDER}{quote(run_id, safe='')}/"
