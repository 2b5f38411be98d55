"""A campaign on a sandbox: two rows of three steps, run without Prefect, planned before and after."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from flora_sandbox.server import SandboxServer
from florist.api import FloraAPI
from florist.campaigns.plan.decisions import Cell
from florist.campaigns.plan.planning import Planned, Wanted, planned_campaign
from florist.pipelines import Plan, WalkResult, parse_pipeline, walk
from florist.pipelines.definitions import planned_at
from florist.pipelines.rows import RowPlans, Rows
from florist.stores.store import Store
from florist.studio.campaigns import Campaigns
from florist.studio.steps import CampaignRow, StepResult, make_step
from florist.studio.studio import Studio, StudioSteps
from tests.studio.conftest import connected, folder, moto, sandbox, seaweedfs_http

__all__ = ["folder", "moto", "sandbox", "seaweedfs_http"]

PIPELINE = """
name: words
params: {picture: {type: imageUrl}, brief: {default: Spring}}
steps:
  caption: {technique: caption-writer, inputs: {image: "${params.picture}"}}
  lines: {technique: headline-writer, inputs: {brief: "${params.brief}: ${steps.caption.output}"}}
  page: {technique: look-book-page, inputs: {image: "${params.picture}", title: "${steps.lines.output}"}}
"""


async def walked_rows(studio: Studio, plans: RowPlans, campaign: str) -> dict[str, WalkResult[StepResult]]:
    """Walk every row, without Prefect, and return how its steps ended."""

    async def one(key: str, planned: Plan) -> WalkResult[StepResult]:
        functions = StudioSteps(studio, CampaignRow(campaign=campaign, key=key))
        return await walk(planned, lambda step, upstream: make_step(step, upstream, functions))

    walked = await asyncio.gather(*(one(key, planned) for key, planned in plans.rows.items()))
    return dict(zip(plans.rows, walked, strict=True))


@dataclass
class Shop:
    """A person who plans a campaign, changes something, and runs it.

    Attributes:
        briefs: of the rows, by their keys.
        pictured: URLs of pictures, where a row has none of its own as a file.
    """

    sandbox: SandboxServer
    store: Store
    pictures: Path
    briefs: dict[str, str] = field(default_factory=lambda: {"a": "Spring", "b": "Autumn"})
    pictured: dict[str, str] = field(default_factory=dict)
    text: str = PIPELINE
    campaign: str = "spring"

    def paint(self, key: str, colour: str) -> None:
        Image.new("RGB", (8, 6), colour).save(self.pictures / f"{key}.png")

    @property
    def rows(self) -> Rows:
        return {key: {"brief": brief, "picture": self.picture(key)} for key, brief in self.briefs.items()}

    def picture(self, key: str) -> str:
        return self.pictured.get(key) or str(self.pictures / f"{key}.png")

    @property
    def wanted(self) -> Wanted:
        file = self.pictures / "words.yaml"
        file.write_text(self.text)
        return Wanted(parse_pipeline(self.text, file=file), {}, self.rows, campaign=self.campaign)

    async def planned(self, **options: Any) -> Planned:
        async with connected(self.sandbox) as client:
            return await planned_campaign(client, self.store, self.wanted, **options)

    async def plans(self, client: FloraAPI) -> RowPlans:
        wanted = self.wanted
        return await planned_at(client, wanted.pipeline, wanted.params, wanted.rows)

    async def run(self) -> Mapping[str, WalkResult[StepResult]]:
        async with connected(self.sandbox) as client:
            studio = Studio(client, self.store)
            await Campaigns(self.store).begin(self.campaign)
            walked = await walked_rows(studio, await self.plans(client), self.campaign)
            await studio.aclose()
        return walked

    @property
    def charged_usd(self) -> Decimal:
        return self.sandbox.books().total.charged_usd

    @property
    def runs(self) -> int:
        return self.sandbox.books().total.runs


def told(planned: Planned) -> dict[str, str]:
    """Return each cell's decision and why, by its label."""
    return {cell.label: f"{cell.decision}: {cell.because}" for cell in planned.plan.cells}


def cell_of(planned: Planned, label: str) -> Cell:
    return next(cell for cell in planned.plan.cells if cell.label == label)


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"frozen_at": None}


@pytest.fixture
def shop(sandbox, folder, tmp_path) -> Shop:
    opened = Shop(sandbox, folder, tmp_path)
    opened.paint("a", "firebrick")
    opened.paint("b", "navy")
    return opened
