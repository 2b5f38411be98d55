"""What a plan says of each cell: a decision, its reason, its price."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from florist.frozen import FrozenModel
from florist.ledger.attempts import ATTEMPTS_AFTER_THE_FIRST
from florist.pipelines.rows import step_label


class Decision(StrEnum):
    """What running the campaign now does with a cell."""

    REUSE = "reuse"
    """Its run is paid for and kept."""
    RESUME = "resume"
    """Its run is paid for, and is waited for or still to be kept."""
    ADOPT = "adopt"
    """Its request's answer was lost: the run it made is looked for, and paid for only if it made none."""
    NEW = "new"
    """A run is started, and paid for."""
    FOLLOWS = "follows"
    """It takes what an earlier cell has yet to make, so it is started after that, and paid for."""
    AWAITS = "awaits"
    """It is made once people have picked what it takes, if they pick that."""
    BLOCKED = "blocked"
    """It is not started: somebody has to mend something first."""


PAID_NOW = frozenset({Decision.NEW, Decision.FOLLOWS})
"""The decisions that a run pays for."""


class Because(StrEnum):
    """The kinds of reasons, for programs; people read `Cell.reason`."""

    KEPT = "kept"
    STARTED = "started"
    TO_BE_KEPT = "to-be-kept"
    UNANSWERED = "unanswered"
    NO_RUN = "no-run"
    INPUTS_CHANGED = "inputs-changed"
    TECHNIQUE_CHANGED = "technique-changed"
    FAILED_BEFORE = "failed-before"
    REFUSED_BEFORE = "refused-before"
    RESTARTED = "restarted"
    UPSTREAM_NEW = "upstream-new"
    UPSTREAM_UNFINISHED = "upstream-unfinished"
    UPSTREAM_BLOCKED = "upstream-blocked"
    PICK_AWAITED = "pick-awaited"
    PICK_OUTDATED = "pick-outdated"
    FAILED_FOR_GOOD = "failed-for-good"
    NEEDS_REVIEW = "needs-review"
    INPUT_UNUSABLE = "input-unusable"
    RECORD_UNREADABLE = "record-unreadable"
    ROW_UNUSABLE = "row-unusable"


class Reason(NamedTuple):
    """Why a cell is decided as it is.

    Attributes:
        words: what cells of one group share: `the prompt changed`.
        detail: what is this cell's alone, such as the run that it is compared with; may be empty.
        changed: ids of the inputs that differ from those of the run there is.
    """

    because: Because
    words: str
    detail: str = ""
    changed: tuple[str, ...] = ()


class Cell(FrozenModel):
    """One run-to-be of a plan, as `florist plan --json` tells it.

    Attributes:
        cell: its name, unique in its row; what ledger and archive call its step.
        step: of the pipeline.
        axes: over what its step is repeated within the row, with this cell's values.
        needs: the cells of its row whose outputs it takes.
        reason: in words.
        detail: what else is known of this cell alone.
        changed: the inputs that differ from those of the run there is.
        price_usd: of one run; None where FLORA tells none.
        charged_usd: what its run was charged, where it is paid for.
        runs_at_most: how many runs it may come to, if each fails for a passing reason.
        attempt: which one it is, from 0.
        run_id: of the run that is reused, resumed or compared with.
        key: the key of its work in the ledger; empty where that is not known before its upstream is made.
        inputs: a digest of what each input means, by its id: what tells two plans apart.
    """

    row: str
    cell: str
    step: str
    technique: str
    technique_id: str
    axes: Mapping[str, str] = {}
    needs: tuple[str, ...] = ()
    decision: Decision
    because: Because
    reason: str
    detail: str = ""
    changed: tuple[str, ...] = ()
    price_usd: Decimal | None = None
    charged_usd: Decimal | None = None
    runs_at_most: int = 0
    attempt: int = 0
    run_id: str = ""
    key: str = ""
    inputs: Mapping[str, str] = {}

    @property
    def label(self) -> str:
        """What people call it, its row before it."""
        return step_label(self.row, self.cell)

    @property
    def is_paid_now(self) -> bool:
        """Whether running the plan pays for it."""
        return self.decision in PAID_NOW

    @property
    def sentence(self) -> str:
        """The reason with what is this cell's alone."""
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


def runs_left(attempt: int) -> int:
    """Return how many runs the ledger allows from this attempt on, itself among them."""
    return 1 + ATTEMPTS_AFTER_THE_FIRST - attempt
