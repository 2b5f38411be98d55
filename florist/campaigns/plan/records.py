"""The plans of a campaign as numbered records: what was planned or run, of what, and for how much.

::

    plans/<digest of the campaign>/0000.json      the newest counts; none is ever altered

A record is small: the totals and what the plan was made of, no URL, no secret, no cells but those a rerun names.
From it `florist rerun` knows which pipeline and rows a campaign is, and the next plan what has changed.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Literal

from florist.archive.records import parsed_record
from florist.archive.side_by_side import side_by_side
from florist.campaigns.plan.campaign_plan import CampaignPlan, Materials, PlanModel, Totals
from florist.campaigns.plan.keys import number_in, numbered, plans_folder
from florist.pipelines.models import Gate
from florist.stores.errors import IntegrityError
from florist.stores.store import Store

_READS_AT_ONCE = 16

Purpose = Literal["plan", "run", "rerun"]


class PlanRecord(PlanModel):
    """One plan of a campaign.

    Attributes:
        purpose: what it was made for.
        only: the names of the cells of each row that a rerun is to make; None where that is all of them.
        gates: of the pipeline, by their steps.
    """

    schema_version: Literal[1] = 1
    campaign: str
    made_at: datetime
    purpose: Purpose
    pipeline: str
    materials: Materials
    totals: Totals
    only: Mapping[str, tuple[str, ...]] | None = None
    gates: Mapping[str, Gate] = {}


class PlanRecords:
    """The plans of one campaign in one archive."""

    def __init__(self, store: Store, campaign: str) -> None:
        self._store = store
        self._folder = plans_folder(campaign)

    async def newest(self) -> PlanRecord | None:
        """Return the last plan that was kept; None if there is none.

        Raises:
            IntegrityError: its record is damaged, or of a later version.
        """
        paths = await self._paths()
        return await self.read(number_in(paths[-1])) if paths else None

    async def read(self, number: int) -> PlanRecord | None:
        """Return a plan by its number; None if there is none."""
        path = self._path(number)
        content = await self._store.read(path)
        return None if content is None else parsed_record(PlanRecord, content, path)

    async def all(self) -> tuple[PlanRecord, ...]:
        """Return every plan that can be read, oldest first."""
        found: dict[int, PlanRecord] = {}

        async def read(path: str) -> None:
            with suppress(IntegrityError):
                record = await self.read(number_in(path))
                if record is not None:
                    found[number_in(path)] = record

        await side_by_side(await self._paths(), read, at_once=_READS_AT_ONCE)
        return tuple(record for _, record in sorted(found.items()))

    async def keep(
        self, plan: CampaignPlan, purpose: Purpose, *, only: Mapping[str, tuple[str, ...]] | None = None
    ) -> int:
        """Write a plan down, and return its number."""
        record = PlanRecord(
            campaign=plan.campaign,
            made_at=plan.made_at,
            purpose=purpose,
            pipeline=plan.pipeline,
            materials=plan.materials,
            totals=plan.totals,
            only=only,
            gates=plan.gates,
        )
        content = record.model_dump_json(indent=1).encode()
        paths = await self._paths()
        number = number_in(paths[-1]) + 1 if paths else 0
        while not await self._store.create(self._path(number), content):
            number += 1
        return number

    def _path(self, number: int) -> str:
        return f"{self._folder}{number:04d}.json"

    async def _paths(self) -> list[str]:
        paths = await numbered(self._store, self._folder)
        return [path for path in paths if "/" not in path.removeprefix(self._folder)]
