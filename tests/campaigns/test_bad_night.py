"""The bad night without Prefect: the others complete, the gaps are named, nothing is paid twice."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings
from florist.campaigns.budget import CampaignBudget
from florist.campaigns.endings import CampaignResult, Ending, end_line, ending
from florist.campaigns.walking import walk_plainly
from florist.pipelines import definitions_of, parse_pipeline
from florist.pipelines.rows import plan_rows
from florist.stores.folder import FolderStore
from florist.studio.studio import Studio
from tests.campaigns.bad_night import BROKEN, FAULTS, PIPELINE, REASONS, pictures, reasons
from tests.studio.conftest import HURRY, connected

PRICE_OF_A_ROW = Decimal("0.04")


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxServer]:
    with SandboxServer(tmp_path / "flora", Settings(duration_scale=0)) as sandbox:
        sandbox.set_faults(*FAULTS)
        yield sandbox


def hurried_clock() -> float:
    return time.monotonic() * HURRY


def hurried_now() -> datetime:
    return datetime.fromtimestamp(time.time() * HURRY, UTC)


async def hurried(seconds: float) -> None:
    await asyncio.sleep(seconds / HURRY)


async def walked(sandbox: SandboxServer, folder: Path, cap_usd: Decimal) -> CampaignResult:
    """Walk the campaign as a process of its own does."""
    pipeline = parse_pipeline(PIPELINE, file=folder / "captions.yaml")
    async with connected(sandbox) as client:
        plans = plan_rows(pipeline, {}, pictures(folder), await definitions_of(pipeline, client))
        studio = Studio(client, FolderStore(folder / "archive"))
        try:
            budget = await CampaignBudget.opened(
                studio.ledger,
                "spring",
                plans,
                cap_usd=cap_usd,
                sleep=hurried,
                now=hurried_now,
                monotonic=hurried_clock,
            )
            return await walk_plainly(studio, plans, campaign="spring", budget=budget)
        finally:
            await studio.aclose()


async def test_bad_night_leaves_named_gaps_and_a_second_one_costs_nothing(sandbox: SandboxServer, tmp_path: Path):
    result = await walked(sandbox, tmp_path, Decimal(5))
    books = sandbox.books()
    assert (result.rows_complete, reasons(result)) == (21, REASONS)
    assert ending(result, min_success=0.8) is Ending.WITH_GAPS
    assert f"{BROKEN} caption: unusable_file" in end_line(result)
    assert result.charged_usd == result.new_usd == books.total.charged_usd
    assert books.faults_struck["provider_error"] == 1
    sandbox.set_faults()
    again = await walked(sandbox, tmp_path, Decimal(5))
    assert again.new_usd == Decimal(0)
    assert reasons(again) == REASONS
    assert sandbox.books().total.charged_usd == books.total.charged_usd


async def test_budget_for_some_rows_is_kept_and_a_higher_one_goes_on(sandbox: SandboxServer, tmp_path: Path):
    sandbox.set_faults()
    poor = await walked(sandbox, tmp_path, PRICE_OF_A_ROW * 5)
    assert (poor.rows_complete, poor.new_usd) == (5, PRICE_OF_A_ROW * 5)
    assert reasons(poor)["not_started: budget"] > 0
    assert ending(poor, min_success=0) is Ending.WITH_GAPS
    rich = await walked(sandbox, tmp_path, PRICE_OF_A_ROW * 7)
    assert (rich.rows_complete, rich.new_usd) == (7, PRICE_OF_A_ROW * 2)
    assert sandbox.books().total.charged_usd == PRICE_OF_A_ROW * 7
