"""One record of a budget: what a campaign may cost, has cost, may have cost, and has set aside.

A record is the whole budget, so that the newest one is all that has to be read. Money is integer micro-USD.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import ConfigDict

from florist.frozen import FrozenModel


class RecordPart(FrozenModel):
    """Immutable JSON. Fields that a later minor version added are kept, and written again."""

    model_config = ConfigDict(extra="allow")


class OpenRow(RecordPart):
    """A row in an open block.

    Attributes:
        digest: of its plan: who plans the row otherwise does not spend this money.
        slots: what is set aside for each of its cells, by name; without those that are paid for.
    """

    digest: str
    slots: Mapping[str, int]

    @property
    def reserved(self) -> int:
        """What is set aside for the row."""
        return sum(self.slots.values())


class OpenBlock(RecordPart):
    """Rows that were authorised together and are not settled yet.

    Attributes:
        techniques: of its cells: their entries are read by whoever settles it and has not walked it.
    """

    rows: Mapping[str, OpenRow]
    techniques: tuple[str, ...] = ()

    @property
    def reserved(self) -> int:
        """What is set aside for the block."""
        return sum(row.reserved for row in self.rows.values())


class Hold(RecordPart):
    """Money of a settled block that one request may still cost: it is in doubt, or its run has not ended.

    Attributes:
        is_given_up: a person paid for another one in its place; it holds up its row no more.
    """

    price: int
    technique_id: str
    row: str = ""
    step: str = ""
    is_given_up: bool = False


class Record(RecordPart):
    """A budget, as of one record.

    Attributes:
        prev_sha256: of the bytes of the record before.
        writer: which no other record shares: two equal appends are two.
        since: the number of the record from which the chain must be whole: 0, or that of the last rebuild.
        wanted: the cap as a person has set it; nothing is authorised beyond it.
        cap: as `wanted`, or what was committed when the cap was lowered below that.
        settled: charges of settled blocks.
        overcharged: of those, what FLORA charged beyond its price.
        held: by idempotency key.
        open: the blocks by their ids, the numbers of the records that authorised them.
        frozen: why nothing is authorised until a person lifts it; empty if nothing is wrong.
        row_price: of the dearest row, when it was last planned as a whole: for people.
    """

    schema_version: Literal[1] = 1
    prev_sha256: str = ""
    writer: str = ""
    recorded_at: datetime | None = None
    since: int = 0
    wanted: int
    cap: int
    settled: int = 0
    overcharged: int = 0
    held: Mapping[str, Hold] = {}
    open: Mapping[int, OpenBlock] = {}
    frozen: str = ""
    row_price: int = 0

    @property
    def uncertain(self) -> int:
        """What is held."""
        return sum(hold.price for hold in self.held.values())

    @property
    def reserved(self) -> int:
        """What is set aside for open blocks."""
        return sum(block.reserved for block in self.open.values())

    @property
    def committed(self) -> int:
        """What the campaign has cost, or may cost, if nothing more is authorised."""
        return self.settled + self.uncertain + self.reserved

    @property
    def free(self) -> int:
        """What may still be authorised."""
        return max(0, self.wanted - self.committed)
