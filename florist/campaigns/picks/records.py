"""The record of a pick: what somebody did, and all that stands for the row since."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, ConfigDict, Field, PlainSerializer

from florist.frozen import FrozenModel
from florist.studio.campaigns import CampaignName

Verdict = Literal["picked", "rejected", "open"]
"""What somebody says of a cell; `open` undoes."""

Usd = Annotated[Decimal, PlainSerializer(str, return_type=str, when_used="json")]

MOST_STARS = 5
LONGEST_NOTE = 4000


class PickModel(FrozenModel):
    """A part of a record: what a later version added is passed over."""

    model_config = ConfigDict(extra="ignore")


class Pick(PickModel):
    """What a reviewer says of one cell.

    Attributes:
        cell: its name within the row, as plan, ledger and archive have it: `still`, `still@v2`.
        run_id: of the run that was looked at; the newest kept one of the cell if left out.
        confirm_usd: the price that is accepted of changing a pick whose next step was sent.
        by: the reviewer. With `at` and `number` known once the pick was taken.
        number: of its record, within the row.
    """

    row: str = ""
    cell: str = Field(min_length=1)
    verdict: Verdict
    stars: int = Field(default=0, ge=0, le=MOST_STARS)
    note: str = Field(default="", max_length=LONGEST_NOTE)
    confirm_usd: Usd | None = None
    run_id: str = ""
    by: str = ""
    at: AwareDatetime | None = None
    number: int | None = None


class Standing(PickModel):
    """What stands for a cell.

    Attributes:
        number: of the record that said so.
        run_id: of the run that the verdict is about; of another one it says nothing.
        spent: a next step was sent with it, or is about to be.
        next_usd: what that was to cost.
        next_cells: what was made of it then, however far down.
    """

    cell: str
    verdict: Verdict
    stars: int = 0
    note: str = ""
    by: str = ""
    at: AwareDatetime | None = None
    number: int = 0
    spent: bool = False
    run_id: str = ""
    next_usd: Usd | None = None
    next_cells: tuple[str, ...] = ()

    @property
    def step(self) -> str:
        """The step's name in the pipeline."""
        return step_of(self.cell)

    @property
    def is_picked(self) -> bool:
        """Whether it is to go on."""
        return self.verdict == "picked"


class PickRecord(PickModel):
    """One record of a row.

    Attributes:
        pick: what was done; None where the campaign noted that it is about to pay for picks.
        cells: what stands for each cell of the row, by its name.
    """

    schema_version: Literal[1] = 1
    campaign: CampaignName
    row: str
    number: int
    pick: Pick | None = None
    cells: Mapping[str, Standing] = {}


def step_of(cell: str) -> str:
    """Return the step of a cell."""
    return cell.partition("@")[0]
