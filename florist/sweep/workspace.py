"""Sweeps one FLORA workspace into one archive: whose history is read, and where what is found belongs."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

from florist.api.client import FloraAPI
from florist.api.models import Run
from florist.studio.studio import Studio
from florist.sweep.charges import ChargeCheck
from florist.sweep.history_pass import History
from florist.sweep.origins import LedgerOrigins
from florist.sweep.report import SweepProgress, SweepReport
from florist.sweep.sweep import STALE_AFTER, Sweep

PAGE_SIZE = 50


async def sweep_workspace(
    studio: Studio,
    *,
    full: bool = False,
    stale_after: timedelta = STALE_AFTER,
    on_progress: Callable[[SweepProgress], None] = lambda progress: None,
) -> SweepReport:
    """Keep every completed run that the studio's API key can see and its archive has not; see `Sweep.run`."""
    await studio.ledger.check()
    sweep = Sweep(
        studio.ledger.store,
        studio.archiver,
        histories_of(studio.client),
        LedgerOrigins(studio),
        ChargeCheck(studio.ledger, now=studio.client.server_now),
        owner=f"{urlsplit(studio.client.base_url).netloc} {studio.client.key_fingerprint}",
        stale_after=stale_after,
        now=studio.client.server_now,
        on_progress=on_progress,
    )
    return await sweep.run(full=full)


def histories_of(client: FloraAPI) -> tuple[History, ...]:
    """Return the histories FLORA has; not of one workspace alone, for what was paid for may be filed elsewhere."""

    async def technique_run(run: Run) -> Run:
        if run.technique is None:
            return await client.runs.retrieve(run.run_id)
        return await client.techniques.runs.retrieve(run.run_id, technique=run.technique.technique_id)

    async def generation(run: Run) -> Run:
        return await client.generations.retrieve(run.run_id)

    return (
        History("technique-runs", client.techniques.runs.list(limit=PAGE_SIZE).page, technique_run),
        History("generations", client.generations.list(limit=PAGE_SIZE).page, generation),
    )
