"""Signed URLs of one run's outputs, refreshed once for all when they turn out to be dead."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from operator import itemgetter

from florist.api.errors import RunWithoutOutputsError
from florist.api.models import MediaKind, Run, RunStatus
from florist.archive.errors import ArchiveError, DeadUrlError, OutputExpiredError, OutputRefusedError
from florist.archive.expiry import expires_at
from florist.secrets import SignedUrl
from florist.stores.errors import IntegrityError

Refresh = Callable[[], Awaitable[Run]]

LITTLE_TIME = timedelta(minutes=10)

URL_LIFETIME_ASSUMED = timedelta(days=1)
"""Of a URL that does not tell its end, for its place among those that do; it must not wait for ever."""

logger = logging.getLogger(__name__)


class FreshUrls:
    """Where the outputs of one run are fetched from, read again when their URLs have died."""

    def __init__(self, run: Run, refresh: Refresh | None, *, now: Callable[[], datetime]) -> None:
        self.run = run
        self._refresh = refresh
        self._now = now
        self._one_at_a_time = asyncio.Lock()

    def most_urgent_first(self) -> list[tuple[int, datetime]]:
        """Return the outputs' indices with the moments their URLs die."""
        now = self._now()
        told = [expires_at(output.url) if output.url else None for output in self.run.outputs]
        deadlines = [deadline or now + URL_LIFETIME_ASSUMED for deadline in told]
        for index, deadline in enumerate(deadlines):
            if deadline - now < LITTLE_TIME:
                logger.warning("the URL of output %d of run %s ends at %s", index, self.run.run_id, deadline)
        return sorted(enumerate(deadlines), key=itemgetter(1))

    async def fresh_url(self, index: int, dead: SignedUrl | None, error: DeadUrlError) -> SignedUrl:
        """Return another URL than the dead one; the run is read once for all outputs that died together.

        Raises:
            OutputExpiredError: or `OutputRefusedError`: FLORA has no other; see `unavailable`.
        """
        async with self._one_at_a_time:
            if self.run.outputs[index].url == dead and self._refresh is not None:
                self._replace(await self._refresh())
            url = self.run.outputs[index].url
            if url is None or url == dead:
                why = "FLORA has no other" if self._refresh else "the run was not read again"
                raise self.unavailable(index, f"its URL is dead and {why}") from error
            return url

    def unavailable(self, index: int, why: str) -> OutputExpiredError | OutputRefusedError:
        """Return the error of an output without a URL that opens.

        Expired is only what says so itself: a server that refuses a URL for a while proves nothing.
        """
        url = self.run.outputs[index].url
        ends_at = expires_at(url) if url else None
        told = f"output {index} of run {self.run.run_id} was paid for, but {why}"
        if self._refresh is None or ends_at is None or ends_at > self._now():
            return OutputRefusedError(f"{told}; try again later", run_id=self.run.run_id, index=index)
        return OutputExpiredError(
            f"{told}; it ended at {ends_at:%Y-%m-%d %H:%M}", run_id=self.run.run_id, index=index
        )

    def _replace(self, fresh: Run) -> None:
        def identity(run: Run) -> list[tuple[str, MediaKind]]:
            return [(output.output_id, output.type) for output in run.outputs]

        if identity(fresh) != identity(self.run):
            raise IntegrityError(f"run {self.run.run_id} has other outputs than before; look at it at FLORA")
        self.run = fresh


async def with_outputs(run: Run, refresh: Refresh | None) -> Run:
    """Return the run with its outputs, which history items may leave out."""
    if run.status is not RunStatus.COMPLETED:
        raise ArchiveError(f"run {run.run_id} is {run.status.value}; only a completed run has outputs to keep")
    if not run.outputs and refresh is not None:
        run = await refresh()
    if not run.outputs:
        raise RunWithoutOutputsError(
            f"run {run.run_id} is completed and charged, but has no outputs; ask FLORA's support", run=run
        )
    return run
