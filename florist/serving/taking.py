"""Routes of takes: what further takes of a cell cost, and their order, in the name of whose token it is.

FLORA is asked for prices alone. An order is written down; whoever runs the campaign next has it made, and pays.
"""

import asyncio
import shlex
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from florist.api import FloraAPI
from florist.api.errors import APIError
from florist.campaigns.budget.funds import funds_of
from florist.campaigns.picks.errors import TakeRefusedError
from florist.campaigns.plan.again import found_again
from florist.campaigns.plan.planning import Wanted
from florist.campaigns.plan.summary import price_words, summary
from florist.campaigns.taking import OfferedTakes, offered_takes, order_takes
from florist.errors import FloristError
from florist.frozen import FrozenModel
from florist.pipelines import load_pipeline
from florist.pipelines.models import MAX_VARIATIONS
from florist.serving.bodies import small_body
from florist.serving.reviewing import known_campaign, told_faults
from florist.stores.errors import StoreError
from florist.stores.store import Store
from florist.studio.row_locations import absolute_location, rows_of, shown_location

TAKE_BYTES_AT_MOST = 64 * 1024

NO_KEY = "this server has no key of FLORA's, so it knows no prices: order it from the command line"

OpensFlora = Callable[[], AbstractAsyncContextManager[FloraAPI]]
"""Opens a client of FLORA for a block; raises ConfigurationError if it cannot."""


class TakesAsked(FrozenModel):
    """What a reviewer asks for.

    Attributes:
        params: texts in place of the cell's own, by the ids of the step's inputs.
        confirm_usd: the price that was agreed to; None: what is it?
        cells: the names that were offered at that price, so that an order sent twice is one.
    """

    model_config = ConfigDict(extra="forbid")

    row: str
    cell: str
    more: Annotated[int, Field(ge=1, le=MAX_VARIATIONS)] = 1
    params: Mapping[str, str] = {}
    confirm_usd: Decimal | None = None
    cells: tuple[str, ...] | None = None

    def command(self, campaign: str, archive: str) -> str:
        """Return what does the same in a terminal."""
        params = [word for name, text in self.params.items() for word in ("--param", f"{name}={text}")]
        more = ["--more", str(self.more)] if self.more > 1 else []
        return shlex.join(["florist", "take", campaign, self.row, self.cell, *more, *params, "--archive", archive])


class Taking:
    """Offers takes of one archive's cells, and has them ordered."""

    def __init__(
        self,
        store: Store,
        open_flora: OpensFlora | None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._open_flora = open_flora
        self._now = now
        # A plan of many rows takes its time; and between an offer and its order nobody else's comes.
        self._one_at_a_time = asyncio.Lock()

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("/campaigns/{name:path}/takes", self.take, methods=["POST"])]

    async def take(self, request: Request) -> Response:
        """Tell the price of takes or, at the price that was told, order them."""
        campaign = await known_campaign(self._store, request)
        asked = _asked_in(await small_body(request, most_bytes=TAKE_BYTES_AT_MOST))
        if self._open_flora is None:
            command = asked.command(campaign, self._store.location)
            return JSONResponse({"problem": NO_KEY, "command": command}, 422)
        try:
            async with self._one_at_a_time, self._open_flora() as flora:
                offered, remarks = await self._offered(flora, campaign, asked)
                return await self._answered(asked, offered, remarks, request.state.reviewer)
        except (StoreError, APIError):
            raise
        except FloristError as error:
            command = asked.command(campaign, self._store.location)
            return JSONResponse({"problem": str(error), "command": command}, 422)

    async def _answered(
        self, asked: TakesAsked, offered: OfferedTakes, remarks: list[str], reviewer: str
    ) -> Response:
        told = _told(offered, remarks)
        if asked.confirm_usd is None:
            return JSONResponse(told)
        if asked.confirm_usd != offered.plan.totals.net_usd:
            return JSONResponse({**told, "problem": "the price has changed; nothing was ordered"}, 409)
        if asked.cells is not None and list(asked.cells) != told["cells"]:
            problem = f"{', '.join(asked.cells)} was ordered meanwhile; this would be one more"
            return JSONResponse({**told, "problem": problem}, 409)
        try:
            await order_takes(self._store, offered, by=reviewer, at=self._now())
        except TakeRefusedError as refused:  # by another server, or in a terminal
            return JSONResponse({**told, "problem": str(refused)}, 409)
        return JSONResponse({**told, "ordered": True})

    async def _offered(self, flora: FloraAPI, campaign: str, asked: TakesAsked) -> tuple[OfferedTakes, list[str]]:
        remarks: list[str] = []
        found = await found_again(self._store, campaign, params={}, say=remarks.append)
        pipeline = await asyncio.to_thread(load_pipeline, found.pipeline)
        funds = await funds_of(self._store, campaign)
        async with rows_of(found.rows) as rows:
            location = shown_location(absolute_location(found.rows))
            offered = await offered_takes(
                flora,
                self._store,
                Wanted(pipeline, found.params, rows, location, campaign),
                asked.row,
                asked.cell,
                more=asked.more,
                inputs=asked.params,
                funds=funds,
                cap_usd=pipeline.campaign.budget_usd if funds is None else None,
            )
        offered.planned.refuse_unusable({asked.row})
        return offered, remarks


def _told(offered: OfferedTakes, remarks: list[str]) -> dict[str, object]:
    plan = offered.plan
    return {
        "cells": [take.cell for take in offered.takes],
        "price_usd": f"{plan.totals.net_usd.normalize():f}",
        "price": price_words(plan.totals),
        # Its first line says which campaign it is, which people see.
        "told": summary(plan)[1:],
        "remarks": remarks,
        "is_sandbox": plan.is_sandbox,
        "ordered": False,
    }


def _asked_in(body: bytes) -> TakesAsked:
    try:
        return TakesAsked.model_validate_json(body)
    except ValidationError as error:
        raise HTTPException(422, told_faults(error)) from error
