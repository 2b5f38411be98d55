"""Which picks a cell was made of: by what the campaign noted with each before it was sent."""

from collections.abc import Iterable, Mapping

from florist.campaigns.picks.records import PickRecord, Standing


class PickedCells:
    """What stands for the cells of campaigns, and for those that were made of them.

    Args:
        records: the newest of each row.
    """

    def __init__(self, records: Iterable[PickRecord]) -> None:
        self._rows: Mapping[tuple[str, str], Mapping[str, Standing]] = {
            (record.campaign, record.row): record.cells for record in records
        }

    def own(self, campaign: str, row: str, cell: str, run_id: str) -> Standing | None:
        """Return the verdict on a run; None where nobody has given one."""
        found = self._rows.get((campaign, row), {}).get(cell)
        return found if found and found.verdict != "open" and found.run_id == run_id else None

    def above(self, campaign: str, row: str, cell: str) -> tuple[Standing, ...]:
        """Return the nearest cells that were picked when it was made of them, whatever stands for them by now."""
        found = [
            standing for standing in self._rows.get((campaign, row), {}).values() if cell in standing.next_cells
        ]
        names = {standing.cell for standing in found}
        return tuple(standing for standing in found if not names.intersection(standing.next_cells))

    @property
    def are_none(self) -> bool:
        """Whether nobody has said anything."""
        return not self._rows
