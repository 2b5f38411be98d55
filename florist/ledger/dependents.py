"""Requests that may be under way and take an output of a given run, as the journal names them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from florist.ledger.errors import UnreadableRecordError
from florist.ledger.journal import AnnouncedPage, Journal, OpenRequest
from florist.ledger.ledger import Ledger
from florist.ledger.timing import Timing


@dataclass(frozen=True, slots=True)
class Dependents:
    """Who takes outputs of one run, and may do so now.

    Args:
        now: by our clock, which says only what is too old to be still on its way.
    """

    ledger: Ledger
    run_id: str
    now: datetime
    timing: Timing

    async def under_way(self) -> AsyncIterator[str]:
        """Yield the key of each request that may be under way, and the path of each page that may name one."""
        for announced in await Journal(self.ledger.store).pages():
            if announced.page is None:
                if self._may_leave(announced.modified_at):
                    yield announced.path
                continue
            for request in announced.page.requests:
                if await self._is_under_way(request, announced):
                    yield request.key

    async def _is_under_way(self, request: OpenRequest, announced: AnnouncedPage) -> bool:
        if request.needs is not None and self.run_id not in request.needs:
            return False
        try:
            entry = await self.ledger.entry(request.key, announced.technique_id)
        except UnreadableRecordError:
            return True
        if entry is None:
            return self._may_leave(announced.modified_at)
        if request.needs is None and self.run_id not in entry.work.needs:
            return False
        is_to_come = entry.number < request.number and self._may_leave(announced.modified_at)
        return entry.is_unresolved or is_to_come

    def _may_leave(self, announced_at: datetime) -> bool:
        patience = self.timing.open_for + timedelta(seconds=self.timing.clock_skew)
        return self.now - announced_at <= patience
