"""What the faults given to a run decide about it when it is created: how it ends, when history lists it."""

from collections.abc import Sequence
from dataclasses import dataclass

from flora_sandbox.faults import RUN_CODES, Fault, FaultName


@dataclass(frozen=True)
class PlannedEnd:
    """How a run will end, decided when it is created."""

    planned_error: str | None = None
    error_message: str | None = None
    is_stuck: bool = False


def end_by_faults(faults: Sequence[Fault]) -> PlannedEnd | None:
    """Return the end that the first fault about it decides; None: it ends as its technique does."""
    for fault in faults:
        if fault.name is FaultName.STUCK_PENDING:
            return PlannedEnd(is_stuck=True)
        if fault.name is FaultName.RUN_FAILED:
            return PlannedEnd(fault.code)
        if fault.name in RUN_CODES:
            return PlannedEnd(fault.name.value)
    return None


def first_listed_at(created_at: float, faults: Sequence[Fault]) -> float:
    """Return from when on history shows the run; 0: always, also where the clock has been moved back."""
    late = [fault.seconds for fault in faults if fault.name is FaultName.LISTED_LATE]
    return created_at + max(late) if late else 0.0
