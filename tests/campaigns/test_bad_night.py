"""The bad night without Prefect: the others complete, the gaps are named, nothing is paid twice."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings
from florist.campaigns.endings import CampaignResult, Ending, end_line, ending
from florist.campaigns.walking import walk_plainly
from florist.pipelines import definitions_of, parse_pipeline
from florist.pipelines.rows import plan_rows
from florist.stores.folder import FolderStore
from florist.studio.studio import Studio
from tests.campaigns.bad_night import BROKEN, FAULTS, PIPELINE, REASONS, pictures, reasons
from tests.studio.conftest import connected


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxServer]:
    with SandboxServer(tmp_path / "flora", Settings(duration_scale=0)) as sandbox:
        sandbox.set_faults(*FAULTS)
        yield sandbox


async def walked(sandbox: SandboxServer, folder: Path) -> CampaignResult:
    """Walk the campaign as a process of its own does."""
    pipeline = parse_pipeline(PIPELINE, file=folder / "captions.yaml")
    async with connected(sandbox) as client:
        plans = plan_rows(pipeline, {}, pictures(folder), await definitions_of(pipeline, client))
        studio = Studio(client, FolderStore(folder / "archive"))
        try:
            return await walk_plainly(studio, plans, campaign="spring")
        finally:
            await studio.aclose()


async def test_bad_night_leaves_named_gaps_and_a_second_one_costs_nothing(sandbox: SandboxServer, tmp_path: Path):
    result = await walked(sandbox, tmp_path)
    books = sandbox.books()
    assert (result.rows_complete, reasons(result)) == (21, REASONS)
    assert ending(result, min_success=0.8) is Ending.WITH_GAPS
    assert f"{BROKEN} caption: unusable_file" in end_line(result)
    assert result.charged_usd == result.new_usd == books.total.charged_usd
    assert books.faults_struck["provider_error"] == 1
    sandbox.set_faults()
    again = await walked(sandbox, tmp_path)
    assert again.new_usd == Decimal(0)
    assert reasons(again) == REASONS
    assert sandbox.books().total.charged_usd == books.total.charged_usd
