"""Keeps a campaign's sheet beside its outputs, anew at each end of a run.

::

    campaigns/<campaign>/contact-sheet.html       links to its media relatively: it holds no signed URL

A sheet is a view, worth nothing once there is a newer one: it is the one object whose name is given again. A store
does not overwrite, so the old one is removed first; where that is denied, the new one has a number in its name.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from itertools import count

from florist.archive.keys import segment
from florist.campaigns.bill.reading import Charges
from florist.campaigns.endings import CampaignResult
from florist.campaigns.log_lines import Log
from florist.campaigns.plan.campaign_plan import CampaignPlan
from florist.gallery.derivatives import Derivatives, make_derivatives
from florist.gallery.links import RelativeLinks
from florist.gallery.outcomes import Outcomes, PlannedCells
from florist.gallery.reading import read_sheet
from florist.gallery.rendering import render_sheet
from florist.gallery.sheet import Sheet
from florist.stores.errors import StoreDeniedError
from florist.stores.store import Store

NAME = "contact-sheet"
PROBLEMS_NAMED = 5
DRAWING_FOR = 60.0
"""Seconds by which previews may delay the end of a run; `florist gallery` makes what is left."""

logger = logging.getLogger(__name__)


class SheetKeeper:
    """Keeps the sheet of one campaign's run: told of its plan first, and of its end at last."""

    def __init__(self) -> None:
        self._campaign = ""
        self._planned: PlannedCells | None = None

    def planned(self, plan: CampaignPlan) -> None:
        """Take from the plan which cells there are to be."""
        self._campaign, self._planned = plan.campaign, PlannedCells.of(plan)

    async def ended(
        self, store: Store, result: CampaignResult, log: Log, *, charges: Charges | None = None
    ) -> str | None:
        """Write down how the run ended, and the sheet; return the sheet's key, None where there is no campaign.

        A failure is a line in the log: the run is paid for, and kept, all the same.

        Args:
            charges: the campaign's, if they have been read.
        """
        if not self._campaign or self._planned is None:
            return None
        try:
            await Outcomes(store, self._campaign).keep(self._planned, result)
            sheet = await read_sheet(store, self._campaign, charges=charges)
            key = await keep_sheet(store, sheet, drawing_for=DRAWING_FOR)
        except Exception as error:
            log.warning(
                "no contact sheet of campaign %s (%s: %s); all outputs are kept. `florist gallery` makes one",
                self._campaign,
                type(error).__name__,
                error,
            )
            logger.debug("contact sheet of campaign %s", self._campaign, exc_info=True)
            return None
        log.info("contact sheet: %s/%s", store.location, key)
        return key


async def keep_sheet(store: Store, sheet: Sheet, *, drawing_for: float | None = None) -> str:
    """Make the derivatives that are missing, and write a static sheet beside the outputs; return its key.

    Killed on the way it leaves the older sheet or, for the moment between removing and writing, none.

    Args:
        drawing_for: seconds that derivatives may take; what has none by then is shown by its original.

    Raises:
        StoreError: the store failed.
    """
    derivatives = await make_derivatives(store, sheet, within=drawing_for)
    key = sheet_key(sheet.campaign, sheet.against)
    links = RelativeLinks(derivatives, root="../" * key.count("/"))
    page = await asyncio.to_thread(render_sheet, with_notes(sheet, derivatives), links=links)
    return await _placed(store, key, page.encode())


def with_notes(sheet: Sheet, derivatives: Derivatives) -> Sheet:
    """Return the sheet with what is to be told of its previews and posters."""
    notes = [*sheet.notes, *derivatives.notes]
    if derivatives.problems:
        problems = derivatives.problems
        named = [
            f"{cell.row} {cell.cell}: {problems[media.sha256]}"
            for row in sheet.rows
            for cell in row.cells
            for media in cell.media
            if media.sha256 in problems
        ]
        more = f", and {len(named) - PROBLEMS_NAMED} more" if len(named) > PROBLEMS_NAMED else ""
        notes += [f"without a preview: {'; '.join(named[:PROBLEMS_NAMED])}{more}"] if named else []
    return sheet.model_copy(update={"notes": tuple(notes)})


def sheet_key(campaign: str, against: str = "") -> str:
    """Return the key of a campaign's sheet. Two names may have one folder, and have a sheet each in it."""
    folder = segment(campaign, otherwise="campaign")
    other = f"-against-{segment(against, otherwise='campaign')}" if against else ""
    digest = hashlib.sha256(f"{campaign}\n{against}".encode(errors="surrogatepass")).hexdigest()[:8]
    is_plain = folder == campaign and other.removeprefix("-against-") == against
    return f"campaigns/{folder}/{NAME}{other}{'' if is_plain else f'-{digest}'}.html"


async def _placed(store: Store, key: str, page: bytes) -> str:
    if await store.create(key, page, media_type="text/html"):
        return key
    with suppress(StoreDeniedError):  # then nothing may be removed, and each sheet has a number
        await store.delete(key)
        if await store.create(key, page, media_type="text/html"):
            return key
    numbered = (f"{key.removesuffix('.html')}-{number:04d}.html" for number in count(1))
    async for name in _free(store, numbered):
        if await store.create(name, page, media_type="text/html"):
            return name
    raise AssertionError("numbers do not end")


async def _free(store: Store, names: Iterable[str]) -> AsyncIterator[str]:
    for name in names:
        if not await store.present([name]):
            yield name
