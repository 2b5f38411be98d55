"""Failed attempts to keep paid runs, as append-only records, and the judgement on them: lost, or refused so far.

::

    lost/<run>/0001.json    an attempt that failed, and why; one for each, never altered
    lost/<run>.json         the same, written by earlier versions: the first of them

A run counts as lost once FLORA itself leaves no hope (the stated end of a URL has passed, and it has no other), or
after failures in several sweeps over several days. Lost runs are tried again with exponential backoff, for as long
as FLORA knows them; every report tells of them.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import AwareDatetime, Field, model_validator

from florist.api.models import Run, RunStatus
from florist.archive.keys import short_run_id
from florist.archive.manifest import ManifestModel
from florist.archive.records import parsed_record
from florist.archive.side_by_side import side_by_side
from florist.frozen import FrozenModel
from florist.stores.errors import IntegrityError
from florist.stores.store import Store

FAILURES_FOLDER = "lost/"
READS_AT_ONCE = 16

FAILURES_UNTIL_LOST = 3
TIME_UNTIL_LOST = timedelta(days=3)
"""Between the first failure and the last: a CDN or a bucket that refuses everybody is mended within days."""

FIRST_RETRY_AFTER = timedelta(hours=20)
"""Of a lost run: less than the day between two nightly sweeps, one of which may be early."""

LONGEST_RETRY_AFTER = timedelta(days=30)


class Failure(ManifestModel):
    """One attempt to keep a run that failed.

    Attributes:
        run: as history shows it, without its outputs.
        technique: the folder it would be kept under.
        history: the history that it was found in; empty where nobody noted it.
        owner: who has tried: FLORA's host and the fingerprint of the API key; empty where nobody noted it.
        is_conclusive: FLORA itself has said that there is nothing to be had.
    """

    schema_version: Literal[1, 2] = 2
    run: Run
    technique: str = ""
    history: str = ""
    owner: str = ""
    reason: str
    is_conclusive: bool = False
    seen_at: AwareDatetime

    @model_validator(mode="before")
    @classmethod
    def _of_the_first_version(cls, data: Any) -> Any:
        """Read what was written once at the first failure, which a passing refusal was enough for."""
        if not isinstance(data, dict) or "run" in data or "run_id" not in data:
            return data
        technique = data.get("technique") or ""
        of_run = {name: data.get(name) for name in ("run_id", "charged_usd", "completed_at")}
        if technique and not str(technique).startswith("generation"):
            of_run["technique"] = {"technique_id": technique}
        return {**data, "run": {**of_run, "status": RunStatus.COMPLETED}, "seen_at": data.get("found_at")}


class UnkeptRun(FrozenModel):
    """A paid run that could not be kept so far.

    Attributes:
        failures: the attempts, oldest first.
    """

    failures: tuple[Failure, ...] = Field(min_length=1)

    @property
    def latest(self) -> Failure:
        """The last attempt."""
        return self.failures[-1]

    @property
    def since(self) -> datetime:
        """When the first attempt failed."""
        return self.failures[0].seen_at

    @property
    def is_lost(self) -> bool:
        """Whether there is little hope left; until then every sweep tries."""
        is_lasting = (
            len(self.failures) >= FAILURES_UNTIL_LOST and self.latest.seen_at - self.since >= TIME_UNTIL_LOST
        )
        return is_lasting or any(failure.is_conclusive for failure in self.failures)

    def is_due(self, now: datetime) -> bool:
        """Whether a sweep is to try again: always until it is lost, then after a pause that doubles."""
        doubled = FIRST_RETRY_AFTER * (1 << min(len(self.failures) - 1, 10))
        return not self.is_lost or now - self.latest.seen_at >= min(doubled, LONGEST_RETRY_AFTER)

    @property
    def note(self) -> str:
        """Why it is not kept, for people."""
        return f"{self.latest.reason} (tried {len(self.failures)} times since {self.since:%Y-%m-%d})"


class UnkeptRuns(FrozenModel):
    """The runs noted in one archive, by their short ids.

    Attributes:
        unreadable: keys of notes that are damaged, by the short id of their run.
    """

    runs: dict[str, UnkeptRun] = Field(default_factory=dict)
    unreadable: dict[str, str] = Field(default_factory=dict)


async def note_failure(store: Store, earlier: UnkeptRun | None, failure: Failure) -> UnkeptRun:
    """Append an attempt that failed; return the run with all of them."""
    failure = failure.model_copy(update={"run": _without_outputs(failure.run)})
    content = failure.model_dump_json(indent=2).encode()
    number = 1 + (len(earlier.failures) if earlier else 0)
    while not await store.create(_key(failure.run.run_id, number), content):  # another sweep was there first
        number += 1
    return UnkeptRun(failures=(*(earlier.failures if earlier else ()), failure))


async def unkept_runs(store: Store, *, kept: Collection[str] = ()) -> UnkeptRuns:
    """Return every run that is noted.

    Args:
        kept: short ids of runs that have been kept since, whose notes are history.
    """
    found: dict[str, list[Failure]] = {}
    unreadable: dict[str, str] = {}

    async def read(key: str) -> None:
        short_id = _short_id(key)
        try:
            found.setdefault(short_id, []).append(parsed_record(Failure, await store.read(key) or b"", key))
        except IntegrityError:
            unreadable[short_id] = key

    keys = [item.key async for item in store.list(FAILURES_FOLDER)]
    await side_by_side([key for key in keys if _short_id(key) not in kept], read, at_once=READS_AT_ONCE)
    runs = {
        short_id: UnkeptRun(failures=tuple(sorted(failures, key=lambda failure: failure.seen_at)))
        for short_id, failures in found.items()
        if failures
    }
    return UnkeptRuns(runs=runs, unreadable=unreadable)


def _key(run_id: str, number: int) -> str:
    return f"{FAILURES_FOLDER}{short_run_id(run_id)}/{number:04d}.json"


def _short_id(key: str) -> str:
    return key.removeprefix(FAILURES_FOLDER).partition("/")[0].removesuffix(".json")


def _without_outputs(run: Run) -> Run:
    """Return what is kept of a run: no text of its outputs, and no URL."""
    return run.model_copy(update={"outputs": (), "poll_url": None})
