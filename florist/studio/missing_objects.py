"""Objects of reused runs that are gone: fetched again while FLORA has them, else told.

A paid run is only worth something while its files are there: without this look, "reused" would be a promise about
bytes that nobody has.
"""

import logging

from florist.archive.archiver import Archiver
from florist.archive.fresh_urls import Refresh
from florist.archive.manifest import Manifest
from florist.archive.presence import missing_outputs
from florist.errors import FloristError
from florist.stores.store import Store
from florist.studio.errors import KeptOutputMissingError
from florist.studio.steps import StartedStep

logger = logging.getLogger(__name__)


async def bring_back_missing(
    manifest: Manifest, started: StartedStep, *, archiver: Archiver, store: Store, refresh: Refresh
) -> None:
    """Have every output of a kept run in the store. Safe to repeat.

    Raises:
        KeptOutputMissingError: one is gone, and FLORA does not give it out again.
        FloristError: `is_retryable`: it may be had a little later.
    """
    missing = (await missing_outputs(store, [manifest])).get(manifest.run_id, ())
    if not missing:
        return
    keys = tuple(output.key for output in missing)
    what = f"{started.label}: {', '.join(keys)} of run {manifest.run_id}"
    try:
        await archiver.restore(manifest, missing, refresh=refresh)
    except FloristError as error:
        if error.is_retryable:
            raise
        raise KeptOutputMissingError(
            f"{what} was kept, is not in {store.location} any more, and FLORA does not give it out ({error}): "
            "put it back from a copy, or pay for the run anew after "
            f"`florist ledger restart {started.entry.key[:12]} --give-up-run`",
            run_id=manifest.run_id,
            keys=keys,
        ) from error
    logger.warning("%s was not in %s any more; FLORA had it still, and it is kept again", what, store.location)
