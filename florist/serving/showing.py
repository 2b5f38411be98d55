"""Routes of what people look at: the first page, contact sheets, outputs, previews and posters."""

import asyncio
import gzip
import logging
import re
from collections.abc import Callable
from html import unescape
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from florist.campaigns.bill.reading import Charges
from florist.campaigns.plan.records import PlanRecords
from florist.errors import FloristError
from florist.gallery import (
    Derivatives,
    Review,
    Sheet,
    made_derivatives,
    make_derivatives,
    read_sheet,
    render_sheet,
)
from florist.gallery.derivatives import poster_key, preview_key
from florist.serving.charts import HEIGHT, WIDTH, bars
from florist.serving.front import card_of, listed_campaigns, nights_of
from florist.serving.kept import KeptObjects
from florist.serving.links import ServerLinks
from florist.serving.media_answers import media_answer, not_found
from florist.serving.pages import page
from florist.serving.ranges import is_unchanged
from florist.serving.recent_charges import RecentCharges
from florist.serving.reviewing import known_campaign, refuse_unknown
from florist.stores.store import Store
from florist.upload_address import SCHEME, UploadAddress

SHEETS_AT_ONCE = 2
"""Sheets that are read side by side: one of thousands of rows takes a second of processor time."""

_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')

_NO_SCRIPTS = "default-src 'none'; base-uri 'none'; form-action 'none'"
PATIENCE = 3.0
"""Seconds that a card waits for its first thumbnails; who looks again sees the rest."""

DERIVED_HEADERS = {
    "content-type": "image/webp",
    "cache-control": "private, max-age=31536000, immutable",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
}

logger = logging.getLogger(__name__)


class Showing:
    """Shows one archive."""

    def __init__(self, store: Store, kept: KeptObjects, *, orders_takes: bool = False) -> None:
        self._store = store
        self._kept = kept
        self._takes = "takes" if orders_takes else ""
        self._places = asyncio.Semaphore(SHEETS_AT_ONCE)
        self._charges = RecentCharges(store)
        self._making: dict[str, asyncio.Task[None]] = {}

    def routes(self) -> list[Route]:
        """Return the routes; those that take any path come last."""
        return [
            Route("/", self.first_page),
            Route("/cards/{name:path}", self.card),
            Route("/previews/{name}", self.preview),
            Route("/posters/{name}", self.poster),
            Route("/media/{key:path}", self.media),
            Route("/campaigns/{name:path}/", self.sheet),
            Route("/campaigns/{name:path}", self.to_sheet),
        ]

    async def first_page(self, request: Request) -> Response:
        """List the campaigns; what there is to count is filled in by and by."""
        campaigns = await listed_campaigns(self._store)
        return page(
            "front.html", campaigns=campaigns, archive=self._store.location, reviewer=request.state.reviewer
        )

    async def card(self, request: Request) -> Response:
        """Tell how far a campaign is, as a piece of the first page."""
        name = await known_campaign(self._store, request)
        records = await PlanRecords(self._store, name).all()
        charges = await self._charges.of(name)
        sheet, derivatives = await self._read(name, charges=charges)
        if (making := self._making.get(name)) is not None:
            await asyncio.wait({making}, timeout=PATIENCE)
            derivatives = await made_derivatives(self._store, sheet)
        card = card_of(sheet, derivatives, nights_of(records, charges))
        return page("card.html", card=card, bars=bars(card.nights), width=WIDTH, height=HEIGHT)

    async def to_sheet(self, request: Request) -> Response:
        """Lead to the address that relative links start at."""
        return RedirectResponse(f"/campaigns/{quote(request.path_params['name'], safe='')}/", 308)

    async def sheet(self, request: Request) -> Response:
        """Show a campaign's contact sheet as it stands."""
        name = await known_campaign(self._store, request)
        against = request.query_params.get("against", "")
        if against:
            await refuse_unknown(self._store, against)
        sheet, derivatives = await self._read(name, against=against)
        # As the browser counts: a slash within a name is quoted, unless a proxy has undone that.
        root = "../" * (request.scope["raw_path"].count(b"/") - 1)
        links = ServerLinks(derivatives, root)
        review = Review("picks", request.state.reviewer, self._takes, root)
        html = await asyncio.to_thread(render_sheet, sheet, links=links, review=review)
        headers = {"content-security-policy": _policy_of(html), "vary": "accept-encoding"}
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return HTMLResponse(html, headers=headers)
        # A thousand rows are megabytes of text, and a tenth of that packed.
        packed = await asyncio.to_thread(gzip.compress, html.encode(), 5)
        return HTMLResponse(packed, headers={**headers, "content-encoding": "gzip"})

    async def media(self, request: Request) -> Response:
        """Give an output out."""
        return await media_answer(request, self._store, await self._kept.output(request.path_params["key"]))

    async def preview(self, request: Request) -> Response:
        """Give a picture's preview out."""
        return await self._derived(request, preview_key)

    async def poster(self, request: Request) -> Response:
        """Give a film's poster out."""
        return await self._derived(request, poster_key)

    async def _derived(self, request: Request, key_of: Callable[[str], str]) -> Response:
        address = UploadAddress.parsed(f"{SCHEME}{request.path_params['name']}")
        if address is None or address.extension != "webp":
            return not_found()
        etag = f'"{address.sha256}-{request.url.path.strip("/").partition("/")[0]}"'
        headers = {**DERIVED_HEADERS, "etag": etag}
        if is_unchanged(request.headers.get("if-none-match"), etag):
            return Response(status_code=304, headers=headers)
        content = await self._store.read(key_of(address.sha256))
        return not_found() if content is None else Response(content, headers=headers)

    async def _read(
        self, name: str, *, charges: Charges | None = None, against: str = ""
    ) -> tuple[Sheet, Derivatives]:
        async with self._places:
            sheet = await read_sheet(self._store, name, against=against, charges=charges)
            derivatives = await made_derivatives(self._store, sheet)
        self._make_missing(sheet, derivatives)
        return sheet, derivatives

    def _make_missing(self, sheet: Sheet, derivatives: Derivatives) -> None:
        """Have previews that are missing made meanwhile, for whoever looks next."""
        there = derivatives.previews | derivatives.posters | derivatives.problems.keys()
        name = sheet.campaign
        if name not in self._making and any(
            media.media_class in ("picture", "film") and media.sha256 not in there for media in sheet.media()
        ):
            task = asyncio.create_task(self._make(sheet), name=f"derivatives of {name}")
            self._making[name] = task
            task.add_done_callback(lambda _: self._making.pop(name, None))

    async def _make(self, sheet: Sheet) -> None:
        try:
            await make_derivatives(self._store, sheet)
        except FloristError as error:
            logger.warning("previews of %s could not be made: %s", sheet.campaign, error)


def _policy_of(html: str) -> str:
    """Return a sheet's own policy, which names its scripts by hashes, with what a page cannot say of itself."""
    # Before anything that somebody else has written: the title and all names come later.
    head, _, _ = html.partition("<title>")
    found = _POLICY.search(head)
    return f"{unescape(found[1]) if found else _NO_SCRIPTS}; frame-ancestors 'none'"
