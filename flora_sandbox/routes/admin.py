"""What FLORA does not have: books, faults, clock, balances and webhooks of the sandbox itself.

Not part of the OpenAPI document, and without a key: these routes are for tests and for people at this machine.
"""

import json
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Body
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator

from flora_sandbox.books import Books, report
from flora_sandbox.catalogue import TECHNIQUES, WORKSPACES
from flora_sandbox.faults import SCENARIOS, Fault
from flora_sandbox.filling import fill_history
from flora_sandbox.money import dollars, micros
from flora_sandbox.problems import invalid
from flora_sandbox.routes.parts import TheFlora

router = APIRouter(prefix="/_sandbox", include_in_schema=False)


class Advance(BaseModel):
    """How far to move the clock."""

    advance: float = Field(strict=True, allow_inf_nan=False)


class FaultsWanted(BaseModel):
    """Faults to put in force: a scenario by name, a list, or both."""

    model_config = ConfigDict(extra="forbid")

    scenario: str | None = None
    faults: tuple[Fault, ...] = ()

    @model_validator(mode="after")
    def _scenario_is_known(self) -> "FaultsWanted":
        if self.scenario is not None and self.scenario not in SCENARIOS:
            raise ValueError(f"unknown scenario; there are: {', '.join(SCENARIOS)}")
        return self

    def all(self) -> tuple[Fault, ...]:
        """Return every fault that is meant."""
        return (*SCENARIOS.get(self.scenario or "", ()), *self.faults)


class BalanceWanted(BaseModel):
    """What a workspace shall have left."""

    balance_usd: Decimal = Field(ge=0, le=10**9)
    workspace_id: str = WORKSPACES[0].workspace_id


class HistoryWanted(BaseModel):
    """How many finished runs to add to the history of a key."""

    runs: int = Field(ge=1, le=100_000)
    api_key: str
    technique_id: str = TECHNIQUES[0].technique_id


@router.get("/books")
async def books(flora: TheFlora) -> Books:
    """Return the books, up to this moment."""
    await flora.runs.settle_due()
    return report(flora.data_dir)


@router.get("/clock")
async def clock(flora: TheFlora) -> dict[str, float]:
    """Return the sandbox's time."""
    return {"now": flora.clock.now()}


@router.post("/clock")
async def move_clock(flora: TheFlora, body: Advance) -> dict[str, float]:
    """Move the sandbox's time."""
    try:
        return {"now": flora.advance(body.advance)}
    except ValueError as error:
        raise invalid(("advance", str(error))) from error


@router.get("/faults")
async def listed_faults(flora: TheFlora) -> list[dict[str, Any]]:
    """Return the faults in force, and how often each was met."""
    return [
        {**fault.model_dump(mode="json"), "seen": seen, "struck": struck}
        for fault, seen, struck in flora.rules.listed()
    ]


@router.post("/faults")
async def set_faults(flora: TheFlora, body: FaultsWanted) -> dict[str, int]:
    """Put faults in force instead of those before; none end them all."""
    flora.rules.replace(body.all())
    return {"faults": len(body.all())}


@router.get("/webhooks")
async def webhooks(flora: TheFlora) -> dict[str, Any]:
    """Return every delivery with its attempts, and the secrets that sign."""
    return {"deliveries": flora.webhooks.listed(), "secrets": list(flora.settings.webhook_secrets)}


@router.get("/balances")
async def balances(flora: TheFlora) -> dict[str, float]:
    """Return what each workspace has left, in dollars."""
    names = [workspace.workspace_id for workspace in WORKSPACES]
    return {name: float(dollars(flora.purse.balance(name))) for name in names}


@router.post("/balances")
async def set_balance(flora: TheFlora, body: BalanceWanted) -> dict[str, float]:
    """Say what a workspace has left: a top-up, or an end of money."""
    if body.workspace_id not in {workspace.workspace_id for workspace in WORKSPACES}:
        raise invalid(("workspace_id", "Unknown workspace"))
    flora.purse.set_balance(body.workspace_id, micros(body.balance_usd))
    return {body.workspace_id: float(body.balance_usd)}


@router.get("/settings")
async def settings(flora: TheFlora) -> JSONResponse:
    """Return what this sandbox is set to."""
    return JSONResponse(json.loads(flora.settings.model_dump_json()))


@router.post("/history")
async def add_history(flora: TheFlora, body: Annotated[HistoryWanted, Body()]) -> dict[str, int]:
    """Add finished text runs to a key's history, without charging for them."""
    return {"runs": fill_history(flora, body.api_key, body.runs, body.technique_id)}
