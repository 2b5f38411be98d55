"""Remembers what was paid for and cannot be had any more: every report tells of it, and nobody tries for ever.

::

    lost/<run>.json     one for each lost run, never altered; whoever deletes it has the run tried again
"""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from pydantic import Field, ValidationError

from florist.api.errors import RunWithoutOutputsError
from florist.api.models import Run
from florist.archive.errors import OutputExpiredError
from florist.archive.keys import short_run_id
from florist.archive.manifest import ManifestModel
from florist.archive.side_by_side import side_by_side
from florist.errors import FloristError
from florist.stores.errors import IntegrityError
from florist.stores.store import Store

LOST_FOLDER = "lost/"
READS_AT_ONCE = 16

LOSSES = (OutputExpiredError, RunWithoutOutputsError)
"""What says that trying again is no use."""


class LostRun(ManifestModel):
    """A run that was paid for, of which not every output could be kept."""

    schema_version: Literal[1] = 1
    run_id: str
    technique: str = ""
    charged_usd: Decimal | None = Field(default=None, ge=0)
    completed_at: datetime | None = None
    reason: str
    found_at: datetime


def lost_key(run_id: str) -> str:
    """Return where it is remembered that a run is lost."""
    return f"{LOST_FOLDER}{short_run_id(run_id)}.json"


async def note_lost(
    store: Store,
    run: Run,
    reason: FloristError,
    *,
    technique: str,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> LostRun:
    """Remember a lost run. Safe to repeat: the first note stays."""
    lost = LostRun(
        run_id=run.run_id,
        technique=technique,
        charged_usd=run.charged_usd,
        completed_at=run.completed_at,
        reason=str(reason),
        found_at=now(),
    )
    await store.create(lost_key(run.run_id), lost.model_dump_json(indent=2).encode())
    return lost


async def lost_runs(store: Store) -> dict[str, LostRun]:
    """Return every run remembered as lost, by the key of its note.

    Raises:
        IntegrityError: a note cannot be read any more.
    """
    found: dict[str, LostRun] = {}

    async def read(key: str) -> None:
        try:
            found[key] = LostRun.model_validate_json(await store.read(key) or b"")
        except ValidationError as error:
            raise IntegrityError(f"{key} in the archive is no note of a lost run any more; look at it") from error

    await side_by_side([item.key async for item in store.list(LOST_FOLDER)], read, at_once=READS_AT_ONCE)
    return found
