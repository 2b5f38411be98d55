"""Routes of picks: what stands for a campaign, and one pick at a time, in the name of whose token it is."""

from collections.abc import Callable
from datetime import UTC, datetime

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from florist.campaigns.picks import CampaignPicks, Pick, PickRefusedError, Standing, add_pick, read_picks
from florist.campaigns.picks.reading import read_row
from florist.serving.bodies import small_body
from florist.serving.ranges import is_unchanged
from florist.stores.store import Store
from florist.studio.campaigns import Campaigns, campaign_name

PICK_BYTES_AT_MOST = 64 * 1024

_GIVEN = {"row", "cell", "verdict", "stars", "note", "confirm_usd", "run_id"}
"""What a reviewer may say; whose pick it is and when it was taken are ours to say."""


class Reviewing:
    """Takes picks for one archive."""

    def __init__(self, store: Store, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._now = now

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/campaigns/{name:path}/picks", self.show, methods=["GET"]),
            Route("/campaigns/{name:path}/picks", self.take, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Tell what stands."""
        picks = await read_picks(self._store, await known_campaign(self._store, request))
        headers = {"etag": f'"{picks.revision}"', "cache-control": "private, no-cache"}
        if is_unchanged(request.headers.get("if-none-match"), headers["etag"]):
            return Response(status_code=304, headers=headers)
        return JSONResponse(
            picks.model_dump(mode="json", include={*CampaignPicks.model_fields} - {"campaign"}), headers=headers
        )

    async def take(self, request: Request) -> Response:
        """Take one pick."""
        campaign = await known_campaign(self._store, request)
        pick = _pick_in(await small_body(request, most_bytes=PICK_BYTES_AT_MOST))
        try:
            taken = await add_pick(self._store, campaign, pick, by=request.state.reviewer, at=self._now())
        except PickRefusedError as refused:
            price = None if refused.price_usd is None else str(refused.price_usd)
            standing = await self._standing(campaign, pick)
            return JSONResponse({"problem": refused.problem, "price_usd": price, "cell": standing}, 409)
        return JSONResponse({"number": taken.number, "cell": await self._standing(campaign, pick)})

    async def _standing(self, campaign: str, pick: Pick) -> object:
        row = await read_row(self._store, campaign, pick.row)
        stands = row.cells.get(pick.cell) or Standing(cell=pick.cell, verdict="open")
        return stands.model_dump(mode="json")


async def known_campaign(store: Store, request: Request) -> str:
    """Return the name of the campaign that a path names.

    Raises:
        HTTPException: 404, the archive knows none of this name.
    """
    name = campaign_name(request.path_params["name"])
    await refuse_unknown(store, name)
    return name


async def refuse_unknown(store: Store, name: str) -> None:
    """Do nothing if the archive knows a campaign.

    Raises:
        HTTPException: 404, it knows none of this name.
    """
    if not name or not await Campaigns(store).knows(name):
        raise HTTPException(404, "this archive knows no such campaign")


def told_faults(error: ValidationError) -> str:
    """Return what is wrong with a body, for people."""
    return "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}" for fault in error.errors())


def _pick_in(body: bytes) -> Pick:
    try:
        pick = Pick.model_validate_json(body)
    except ValidationError as error:
        raise HTTPException(422, told_faults(error)) from error
    return Pick(**pick.model_dump(include=_GIVEN))
