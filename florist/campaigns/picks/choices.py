"""All that people have chosen of a campaign, as a plan of it takes it."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from florist.campaigns.picks.reading import read_records
from florist.campaigns.picks.takes import read_takes
from florist.pipelines.choices import RowChoices, Take
from florist.stores.store import Store
from florist.studio.campaigns import campaign_name


class CampaignChoices(NamedTuple):
    """What was chosen.

    Attributes:
        rows: by their keys, those of which something is chosen.
        numbers: of the newest record of picks of each row that has any.
    """

    rows: Mapping[str, RowChoices] = {}
    numbers: Mapping[str, int] = {}

    def with_takes(self, row: str, takes: tuple[Take, ...]) -> "CampaignChoices":
        """Return the same with further takes of a row."""
        before = self.rows.get(row, RowChoices())
        chosen = before.model_copy(update={"takes": (*before.takes, *takes)})
        return self._replace(rows={**self.rows, row: chosen})


async def read_choices(store: Store, campaign: str) -> CampaignChoices:
    """Return what is chosen by now.

    Raises:
        IntegrityError: a record is damaged, or of a later version.
        StoreError: the store could not be asked.
    """
    campaign = campaign_name(campaign)
    records, takes = await asyncio.gather(read_records(store, campaign), read_takes(store, campaign))
    picks = {
        record.row: {each.cell: each.run_id for each in record.cells.values() if each.is_picked}
        for record in records
    }
    asked = {row: record.takes for row, record in takes.items()}
    rows = {row: RowChoices(picks=picks.get(row, {}), takes=asked.get(row, ())) for row in {**picks, **asked}}
    return CampaignChoices(rows, {record.row: record.number for record in records})
