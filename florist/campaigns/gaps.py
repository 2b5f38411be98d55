"""Gaps: cells of a campaign that should be there and are not, each with its reason and what to do about it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from florist.api.errors import (
    TRANSIENT_RUN_CODES,
    APIStatusError,
    AssetChangedError,
    AssetError,
    BadRequestError,
    InsufficientCreditsError,
    RunError,
    RunFailedError,
    UnprocessableEntityError,
)
from florist.errors import FloristError
from florist.ledger.errors import BudgetRefusedError
from florist.pipelines.errors import HaltedError
from florist.pipelines.rows import ROWS_NAMED, step_label
from florist.studio.steps import UNREACHABLE

BUDGET = "budget"
"""The code of rows that the budget did not let begin."""
CREDITS = "insufficient_credits"
BAD_FILE = "unusable_file"
NEEDS = "needs"
"""The code of cells that were not begun because one that they need is a gap."""
NOT_STARTED = "not_started"

_AGAIN = "run the campaign again"
_ADVICE = {
    BUDGET: f"raise the budget and {_AGAIN}",
    CREDITS: f"top up at FLORA and {_AGAIN}",
    BAD_FILE: f"replace the file and {_AGAIN}",
    NEEDS: "mend what it needs",
    "halted": _AGAIN,
    "run_timeout": f"{_AGAIN}: it collects the run and pays nothing for it",
    "run_without_outputs": "it was charged: ask FLORA's support, or pay for it anew by `florist ledger restart`",
    "needs_review": "decide what became of its request: `florist ledger list` shows it",
}
_MEND = f"mend its inputs and {_AGAIN}"
_PAY_ANEW = "change its inputs, or pay for it anew by `florist ledger restart`"
_CODES = (
    (BudgetRefusedError, BUDGET),
    (InsufficientCreditsError, CREDITS),
    (AssetChangedError, "asset_changed"),
    (AssetError, BAD_FILE),
)
_SPLIT = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Gap:
    """A cell that should be there and is not.

    Attributes:
        step: the cell's name, unique within its row.
        code: of the reason: FLORA's own where a run or a request failed, else one of this module's, else the name
            of the error in snake case.
        is_started: whether anything was tried for it.
        error: the class of what it raised; empty if nothing was tried.
        message: for people.
        advice: what to do about it.
        needs: the gaps of its row that it waits for, if that is why.
        charged_usd: what its last run was charged all the same.
    """

    row: str
    step: str
    code: str
    is_started: bool
    message: str
    advice: str
    error: str = ""
    needs: tuple[str, ...] = ()
    charged_usd: Decimal = Decimal(0)

    @property
    def label(self) -> str:
        """What people call the cell: its row before it."""
        return step_label(self.row, self.step)

    @property
    def reason(self) -> str:
        """The code, also where nothing was tried: `safety_blocked`, `not_started: needs still`."""
        if self.is_started:
            return self.code
        return f"{NOT_STARTED}: {' '.join((self.code, ', '.join(self.needs))).strip()}"

    def __str__(self) -> str:
        return f"{f'{self.row} {self.step}'.strip()}: {self.reason}"


def gap_of_error(row: str, step: str, error: BaseException) -> Gap:
    """Return the gap that an error has left."""
    charged = error.run.charged_usd if isinstance(error, RunError) else None
    return Gap(
        row=row,
        step=step,
        code=gap_code(error),
        is_started=not isinstance(error, HaltedError | BudgetRefusedError),
        message=str(error) or type(error).__name__,
        advice=_advice(error),
        error=type(error).__name__,
        charged_usd=charged or Decimal(0),
    )


def gap_of_need(row: str, step: str, needs: Sequence[str]) -> Gap:
    """Return the gap of a cell that was not begun because of the gaps that it needs."""
    message = f"it needs {', '.join(needs)}"
    return Gap(row, step, NEEDS, is_started=False, message=message, advice=_ADVICE[NEEDS], needs=tuple(needs))


def gap_of_budget(row: str, step: str) -> Gap:
    """Return the gap of a cell whose row did not fit into the budget any more."""
    return Gap(
        row, step, BUDGET, is_started=False, message="it does not fit into the budget", advice=_ADVICE[BUDGET]
    )


class ToldGap(Protocol):
    """What is said of a gap; a `Gap` and an event of one will do."""

    @property
    def row(self) -> str: ...  # noqa: D102
    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def reason(self) -> str: ...  # noqa: D102
    @property
    def advice(self) -> str: ...  # noqa: D102


def is_begun(gap: ToldGap) -> bool:
    """Whether anything was tried for the cell."""
    return not gap.reason.startswith(NOT_STARTED)


def gap_lines(gaps: Iterable[ToldGap]) -> list[str]:
    """Return a line for each gap that was begun, and one for all that were not for the same reason."""
    gaps = tuple(gaps)
    lines = [f"gap: {gap.label}: {gap.reason}; {gap.advice}" for gap in gaps if is_begun(gap)]
    alike: dict[tuple[str, str], list[ToldGap]] = {}
    for gap in gaps:
        if not is_begun(gap):
            alike.setdefault((gap.reason, gap.advice), []).append(gap)
    for (reason, advice), found in alike.items():
        rows = list(dict.fromkeys(gap.row for gap in found))
        named = ", ".join(rows[:ROWS_NAMED]) + ", …" * (len(rows) > ROWS_NAMED)
        where = f" in {len(rows)} row{'s' * (len(rows) != 1)} ({named})" if named else ""
        lines.append(f"gap: {len(found)} cell{'s' * (len(found) != 1)}{where}: {reason}; {advice}")
    return lines


def gap_code(error: BaseException) -> str:
    """Return the code of an error: FLORA's own, if it gave one."""
    match error:
        case HaltedError():
            return error.code or "halted"
        case RunFailedError(run=run) if run.error_code:
            return run.error_code
    known = next((code for cls, code in _CODES if isinstance(error, cls)), "")
    flora_code = error.code if isinstance(error, APIStatusError) else ""
    return known or flora_code or _SPLIT.sub("_", type(error).__name__.removesuffix("Error")).lower()


def is_refusal(error: BaseException) -> bool:
    """Whether FLORA has refused this for good: the same inputs again would be refused again."""
    if isinstance(error, RunFailedError):
        return error.run.error_code not in TRANSIENT_RUN_CODES | {UNREACHABLE}
    return isinstance(error, BadRequestError | UnprocessableEntityError)


def _advice(error: BaseException) -> str:
    known = _ADVICE.get(gap_code(error))
    if known:
        return known
    if isinstance(error, RunFailedError):
        return _PAY_ANEW
    if is_refusal(error):
        return _MEND
    passes = isinstance(error, HaltedError) or (isinstance(error, FloristError) and error.is_retryable)
    return _AGAIN if passes else f"see its message, then {_AGAIN}"
