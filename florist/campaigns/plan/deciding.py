"""Decides what running a campaign now would do with each cell, row by row, each after those it needs.

A cell whose upstream is kept has a work key like any other: the text or the run that it takes is known. One whose
upstream is still to be made follows it.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from florist.api.errors import AssetError
from florist.archive.side_by_side import side_by_side
from florist.campaigns.plan.decisions import PAID_NOW, Because, Cell, Decision, Reason, runs_left
from florist.campaigns.plan.input_facts import InputFacts
from florist.campaigns.plan.paid_work import CampaignWork, KeptOutput
from florist.campaigns.plan.verdicts import Verdict, verdict_on
from florist.errors import FloristError
from florist.pipelines.planning import Plan, PlannedStep, ResolvedInput, resolve_inputs
from florist.studio.steps import CampaignRow

ROWS_AT_ONCE = 16

_FIELDS = set(Cell.model_fields)

NOBODY = "-"
"""Stands for the campaign where there is none: nothing is known of it, and its keys mean nothing."""


class _Decided(NamedTuple):
    """A cell, and what it made; None where that is not known."""

    cell: Cell
    outputs: tuple[KeptOutput, ...] | None = None


async def decided_cells(
    rows: Iterable[tuple[str, Plan]], campaign: str, known: CampaignWork, facts: InputFacts
) -> dict[str, tuple[Cell, ...]]:
    """Return the cells of each row with their decisions, by its key; the plans are taken one by one.

    Args:
        campaign: empty where nobody names one.

    Raises:
        StoreError: the archive could not be read.
    """
    decided: dict[str, tuple[Cell, ...]] = {}

    async def decide(row: tuple[str, Plan]) -> None:
        key, planned = row
        place = CampaignRow(campaign=campaign or NOBODY, key=key)
        decided[key] = await _RowDecider(place, known, facts).cells(planned)

    await side_by_side(rows, decide, at_once=ROWS_AT_ONCE)
    return decided


def blocked_row(key: str, steps: Iterable[PlannedStep], reason: Reason) -> tuple[Cell, ...]:
    """Return the cells of a row that cannot be planned; their names are those of a row that can."""
    return tuple(_cell(key, step, Verdict(Decision.BLOCKED, reason)) for step in steps)


class _RowDecider:
    def __init__(self, row: CampaignRow, known: CampaignWork, facts: InputFacts) -> None:
        self._row = row
        self._known = known
        self._facts = facts

    async def cells(self, planned: Plan) -> tuple[Cell, ...]:
        needed = {need for step in planned.steps for need in step.needs}
        decided: dict[str, _Decided] = {}
        for step in planned.steps:
            above = {name: decided[name] for name in step.needs}
            decided[step.name] = await self._decided(step, above, is_needed=step.name in needed)
        cells = tuple(each.cell for each in decided.values())
        if not planned.awaiting:
            return cells
        awaiting = _awaiting(planned, decided)
        return (*cells, *(_cell(self._row.key, step, awaiting) for step in planned.awaiting))

    async def _decided(self, step: PlannedStep, above: Mapping[str, _Decided], *, is_needed: bool) -> _Decided:
        try:
            digests = await self._facts.digests(step)
            verdict = await self._verdict(step, above)
            if verdict.decision in PAID_NOW:
                await self._facts.check_files(self._row.key, step)
            outputs = None
            if is_needed and verdict.decision is Decision.REUSE and verdict.found is not None:
                outputs = await self._facts.outputs_of(verdict.found.run_id)
        except FloristError as error:
            if error.stops_all:
                raise
            # What the studio would meet with, too.
            reason = Reason(Because.INPUT_UNUSABLE, _what_failed(error), str(error))
            return _Decided(_cell(self._row.key, step, Verdict(Decision.BLOCKED, reason)))
        return _Decided(_cell(self._row.key, step, verdict, inputs=digests), outputs)

    async def _verdict(self, step: PlannedStep, above: Mapping[str, _Decided]) -> Verdict:
        waits = _outdated(step, above) or _waiting(above)
        if waits is not None:
            return waits
        outputs = {name: decided.outputs or () for name, decided in above.items()}
        run_ids = {name: decided.cell.run_id for name, decided in above.items()}
        inputs = resolve_inputs(step, outputs)
        if not await self._is_worth_fetching(step, inputs):
            return Verdict(Decision.NEW, Reason(Because.NO_RUN, "no run of it is paid for"), 0, runs_left(0))
        identities = await self._facts.identities(inputs, run_ids, outputs)
        work = self._row.work(step, identities)
        verdict = verdict_on(work, step, self._known)
        return verdict._replace(key="") if work.campaign == NOBODY else verdict

    async def _is_worth_fetching(self, step: PlannedStep, inputs: tuple[ResolvedInput, ...]) -> bool:
        """Whether the work may be one that the ledger knows: only then a URL is fetched to make sure."""
        return self._known.has_been_tried(self._row.key, step.name) or await self._facts.knows_all(inputs)


def _waiting(above: Mapping[str, _Decided]) -> Verdict | None:
    """Return what is decided on a cell by its upstream alone; None if all of that is there."""
    blocked = [name for name, decided in above.items() if decided.cell.decision is Decision.BLOCKED]
    if blocked:
        reason = Reason(Because.UPSTREAM_BLOCKED, "what it takes is blocked", ", ".join(blocked))
        return Verdict(Decision.BLOCKED, reason)
    for name, decided in above.items():
        if decided.cell.decision is Decision.AWAITS:
            return Verdict(Decision.AWAITS, Reason(decided.cell.because, decided.cell.reason, name))
    unmade = {name: decided.cell for name, decided in above.items() if decided.outputs is None}
    if not unmade:
        return None
    if any(cell.is_paid_now for cell in unmade.values()):
        reason = Reason(Because.UPSTREAM_NEW, "what it takes is new", ", ".join(unmade))
    else:
        reason = Reason(Because.UPSTREAM_UNFINISHED, "what it takes is not finished yet", ", ".join(unmade))
    return Verdict(Decision.FOLLOWS, reason, 0, runs_left(0))


def _outdated(step: PlannedStep, above: Mapping[str, _Decided]) -> Verdict | None:
    """Return what is decided on a cell whose pick is of another run than there will be; None if it stands."""
    others = [name for name, run_id in step.stands_on.items() if _is_another(above[name].cell, run_id)]
    if not others:
        return None
    words = f"the pick of {_steps(others)} is of an earlier run"
    return Verdict(Decision.AWAITS, Reason(Because.PICK_OUTDATED, words, ", ".join(others)))


def _is_another(cell: Cell, picked: str) -> bool:
    if cell.decision in (Decision.REUSE, Decision.RESUME):
        return picked not in ("", cell.run_id)
    return cell.decision is not Decision.BLOCKED


def _awaiting(planned: Plan, decided: Mapping[str, _Decided]) -> Verdict:
    """Return what is decided on the cells of a row that waits at a gate."""
    gate = planned.open_gate
    if gate is None:  # what it takes waits for another reason
        return Verdict(Decision.AWAITS, Reason(Because.PICK_AWAITED, "a pick is awaited"))
    if all(decided[name].cell.decision is Decision.BLOCKED for name in gate.cells):
        reason = Reason(Because.PICK_AWAITED, f"there is no {gate.step} to pick", ", ".join(gate.cells))
        return Verdict(Decision.BLOCKED, reason)
    words = f"a pick of {gate.step} is awaited"
    reason = Reason(Because.PICK_AWAITED, words, f"{len(gate.picked)} of {gate.words} picked")
    return Verdict(Decision.AWAITS, reason)


def _steps(cells: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(cell.partition("@")[0] for cell in cells))


def _cell(row: str, step: PlannedStep, verdict: Verdict, *, inputs: Mapping[str, str] | None = None) -> Cell:
    found, reason = verdict.found, verdict.reason
    is_paid = verdict.decision in (Decision.REUSE, Decision.RESUME)
    # Not validated: it is made of our own values. One set of names for all saves a kilobyte for each.
    return Cell.model_construct(
        _fields_set=_FIELDS,
        row=row,
        cell=step.name,
        step=step.step,
        technique=step.technique,
        technique_id=step.technique_id,
        axes=step.axes,
        needs=step.needs,
        decision=verdict.decision,
        because=reason.because,
        reason=reason.words,
        detail=reason.detail,
        changed=reason.changed,
        price_usd=step.price_usd,
        charged_usd=found.charged_usd if is_paid and found else None,
        runs_at_most=verdict.runs_at_most,
        attempt=verdict.attempt,
        run_id=found.run_id if found else "",
        key=verdict.key,
        inputs=inputs or {},
    )


def _what_failed(error: FloristError) -> str:
    if isinstance(error, AssetError):
        return "FLORA does not take its file"
    return f"what it takes cannot be used: {type(error).__name__}"
