"""What happens while a campaign is walked, as events: the one source of every view, log and report of it.

Each event is a frozen model; `florist run --json` prints each as a line of JSON as it stands here.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, PlainSerializer

from florist.frozen import FrozenModel
from florist.pipelines.rows import step_label

Usd = Annotated[Decimal, PlainSerializer(str, return_type=str, when_used="json")]
"""An amount; in JSON a string, so that no reader makes a binary fraction of it."""


class Planned(FrozenModel):
    """The campaign begins. `price_usd` is that of all its cells, also of those that are paid for already."""

    event: Literal["plan"] = "plan"
    campaign: str
    pipeline: str
    rows: int
    cells: int
    price_usd: Usd
    budget_usd: Usd | None = None


class CellEvent(FrozenModel):
    """Something about one cell."""

    row: str
    step: str

    @property
    def label(self) -> str:
        """What people call the cell."""
        return step_label(self.row, self.step)


class Started(CellEvent):
    """A cell is being made: its run is looked for, and started if there is none."""

    event: Literal["started"] = "started"
    technique: str


class Done(CellEvent):
    """A cell is made and kept. `outputs` are the keys in the archive."""

    event: Literal["done"] = "done"
    technique: str
    how: str
    run_id: str
    charged_usd: Usd
    reason: str
    outputs: tuple[str, ...]

    @property
    def is_new(self) -> bool:
        """Whether it was paid for now."""
        return self.how == "new"


class GapFound(CellEvent):
    """A cell will not be made in this run, for this reason."""

    event: Literal["gap"] = "gap"
    reason: str
    message: str
    advice: str


class Progressed(FrozenModel):
    """The numbers of the moment, about once a second.

    Attributes:
        rows_complete: every cell of theirs is made.
        rows_with_gaps: nothing more will be tried for them, and a cell is missing.
        in_flight: cells that are being made.
        charged_usd: of all cells that are made; `new_usd` is what of it was paid for by this run.
        eta_seconds: None while durations are not known.
    """

    event: Literal["progress"] = "progress"
    rows: int
    rows_complete: int
    rows_with_gaps: int
    cells: int
    done: int
    in_flight: int
    gaps: int
    charged_usd: Usd
    new_usd: Usd
    price_usd: Usd
    budget_usd: Usd | None = None
    eta_seconds: float | None = None


class Ended(FrozenModel):
    """The campaign's run has ended. `state` is Completed, CompletedWithGaps, AwaitingReview or Failed."""

    event: Literal["end"] = "end"
    state: str
    message: str
    rows: int
    rows_complete: int
    rows_awaiting: int = 0
    gaps: int
    charged_usd: Usd
    new_usd: Usd
    price_usd: Usd


Event = Annotated[Planned | Started | Done | GapFound | Progressed | Ended, Field(discriminator="event")]

Tell = Callable[[Event], None]
"""Takes an event; returns at once and raises nothing."""

_LISTENERS: ContextVar[tuple[Tell, ...]] = ContextVar("campaign listeners", default=())


@contextmanager
def heard_by(listener: Tell) -> Iterator[None]:
    """Have a listener told of every campaign that is walked within the block, in this context."""
    token = _LISTENERS.set((*_LISTENERS.get(), listener))
    try:
        yield
    finally:
        _LISTENERS.reset(token)


def listeners() -> tuple[Tell, ...]:
    """Return who listens in this context."""
    return _LISTENERS.get()
