"""What a contact sheet knows of a campaign, as plain data: rows, columns, cells, outputs, totals."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from florist.frozen import FrozenModel
from florist.media_types import is_shown_inline

MediaClass = Literal["picture", "film", "sound", "text", "document"]


class CellState(StrEnum):
    """Where a cell stands."""

    KEPT = "kept"
    WAITING = "waiting"
    """Its run is paid for, and goes on or is still to be kept."""
    IN_DOUBT = "in doubt"
    """A request was sent, and nobody knows yet what became of it."""
    REVIEW = "needs review"
    """Nobody but a person can tell what became of its request."""
    FAILED = "failed"
    GAP = "gap"
    """It was not begun."""
    AWAITS_PICK = "awaits pick"
    """It is made of what a person has yet to pick."""
    ORDERED = "ordered"
    """A further take that somebody asked for; the campaign's next run makes it."""


MISSING = frozenset({CellState.FAILED, CellState.GAP, CellState.REVIEW})
"""States that do not pass by themselves."""


class SheetMedia(FrozenModel):
    """One output as it is kept.

    Attributes:
        width, height: of a picture, in pixels, where that is known.
        text: of a text output, up to a limit.
        is_cut: whether the text goes on in the file.
        warning: what to know before using it.
    """

    index: int
    output_id: str
    key: str
    sha256: str
    size_bytes: int
    media_type: str
    width: int | None = None
    height: int | None = None
    text: str | None = None
    is_cut: bool = False
    warning: str | None = None

    @property
    def name(self) -> str:
        """The file's name."""
        return self.key.rpartition("/")[2]

    @property
    def media_class(self) -> MediaClass:
        """How a page shows it. An SVG is a picture: in an `img`, where no script of it runs."""
        if self.text is not None:
            return "text"
        if not is_shown_inline(self.media_type) and self.media_type != "image/svg+xml":
            return "document"
        known: Mapping[str, MediaClass] = {"image": "picture", "video": "film", "audio": "sound", "text": "text"}
        return known.get(self.media_type.partition("/")[0], "document")


class SheetInput(FrozenModel):
    """What a run was given: a text, or where media came from. Never a signed URL.

    Attributes:
        run_id: of the run whose output this is; with `index`, which of its outputs.
    """

    id: str
    text: str | None = None
    source: str | None = None
    run_id: str | None = None
    index: int | None = None


class SheetPick(FrozenModel):
    """What people decided about a cell, as it stands; see `florist.campaigns.picks`."""

    verdict: Literal["picked", "rejected", "open"] = "open"
    stars: int = 0
    note: str = ""
    by: str = ""
    at: datetime | None = None
    number: int = 0
    spent: bool = False


class SheetOrder(FrozenModel):
    """Who asked for a further take, and when; see `florist.campaigns.picks.takes`."""

    by: str = ""
    at: datetime | None = None


class SheetGate(FrozenModel):
    """How many of a step's cells are to be picked in a row before it goes on."""

    step: str
    pick_min: int
    pick_max: int
    picked: int = 0
    enough: bool = False


class SheetCell(FrozenModel):
    """One run-to-be, and what came of it.

    Attributes:
        cell: its name, unique in its row; what plan, ledger and archive call it.
        reason: why it is not there, in a word: `safety_blocked`, `not_started: budget`; empty if it is there.
        message: the same for people; `advice`: what to do about it.
        price_usd: what a run of it was said to cost; `charged_usd`: what its run was charged.
        inputs: of the run whose outputs are shown.
        earlier: kept runs of it that were made again since.
    """

    row: str
    cell: str
    step: str
    axes: Mapping[str, str] = {}
    state: CellState
    reason: str = ""
    message: str = ""
    advice: str = ""
    technique: str = ""
    run_id: str = ""
    price_usd: Decimal | None = None
    charged_usd: Decimal | None = None
    made_at: datetime | None = None
    media: tuple[SheetMedia, ...] = ()
    inputs: tuple[SheetInput, ...] = ()
    earlier: int = 0
    pick: SheetPick | None = None
    order: SheetOrder | None = None

    @property
    def is_missing(self) -> bool:
        """Whether it should be there, is not, and will not come by itself."""
        return self.state in MISSING


class SheetRow(FrozenModel):
    """One line of the spreadsheet.

    Attributes:
        gate: at which the row is: the first that waits for picks, else the last; None without gates.
        gates: all of them, where there are several.
        against: the same row's cells in the campaign that it is held against.
    """

    key: str
    cells: tuple[SheetCell, ...] = ()
    gate: SheetGate | None = None
    gates: tuple[SheetGate, ...] = ()
    against: tuple[SheetCell, ...] = ()


class SheetColumn(FrozenModel):
    """All cells of one name: a step at one place on its axes."""

    cell: str
    step: str
    axes: Mapping[str, str] = {}


class SheetMoney(FrozenModel):
    """What the campaign has cost so far; the bill tells more."""

    charged_usd: Decimal = Decimal(0)
    wasted_usd: Decimal = Decimal(0)
    in_flight_usd: Decimal = Decimal(0)
    in_doubt_usd: Decimal = Decimal(0)


class Sheet(FrozenModel):
    """A campaign, as it stood when it was read.

    Attributes:
        archive: its location, for people.
        ended: the sentence that its last run ended with, and `ended_state`, the name of that end; empty before.
        rows: in the order of the row file, as far as that is known.
        columns: in the order of the pipeline, as far as that is known.
        notes: what people should know of how it was read.
        against: the name of the campaign that it is held against; empty if none.
    """

    schema_version: Literal[1] = 1
    campaign: str
    pipeline: str = ""
    archive: str
    read_at: datetime
    ended: str = ""
    ended_state: str = ""
    columns: tuple[SheetColumn, ...] = ()
    rows: tuple[SheetRow, ...] = ()
    money: SheetMoney = SheetMoney()
    against: str = ""
    notes: tuple[str, ...] = ()

    @property
    def states(self) -> Counter[CellState]:
        """How many cells stand where."""
        return Counter(cell.state for row in self.rows for cell in row.cells)

    @property
    def rows_complete(self) -> int:
        """How many rows have all of their cells."""
        return sum(all(cell.state is CellState.KEPT for cell in row.cells) for row in self.rows)

    def media(self) -> Iterator[SheetMedia]:
        """Yield every output that is shown."""
        for row in self.rows:
            for cell in (*row.cells, *row.against):
                yield from cell.media
