"""A campaign's plan: its cells with their decisions, what they cost, and what it was made of.

It is what `florist plan --json` prints and `--out` writes. Fields are added, never renamed or taken away, without
another `schema_version`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import ConfigDict

from florist.campaigns.plan.decisions import Because, Cell, Decision
from florist.frozen import FrozenModel
from florist.pipelines.models import Gate

PLACES_NAMED = 3
"""Cells and rows that a group is told with."""


class PlanModel(FrozenModel):
    """A part of a plan: what a later version added is passed over."""

    model_config = ConfigDict(extra="ignore")


class FileFacts(PlanModel):
    """A file that a plan was made of: where it was, and the SHA-256 of what it held."""

    location: str
    sha256: str


class TechniqueFacts(PlanModel):
    """A technique as FLORA told it.

    Attributes:
        sha256: of its inputs and outputs: what a pipeline can notice.
    """

    technique_id: str
    name: str = ""
    sha256: str
    price_usd: Decimal | None = None


class Materials(PlanModel):
    """What a plan was made of, so that it can be made again.

    Attributes:
        params: as they were given, without those that are signed URLs.
        withheld: the names of those: they have to be given again.
        row_count: how many rows there were.
        techniques: by the names the pipeline gives them.
    """

    pipeline: FileFacts
    rows: FileFacts | None = None
    row_count: int = 1
    params: Mapping[str, str] = {}
    withheld: tuple[str, ...] = ()
    techniques: Mapping[str, TechniqueFacts] = {}


class Totals(PlanModel):
    """What a plan comes to.

    Attributes:
        cells: how many there are, by decision.
        net_usd: what is paid now, if every run works at once.
        net_runs: how many runs that is.
        runs_at_most: how many runs it may come to with retries.
        uncertain_usd: what is paid for requests whose answers were lost, if they turn out to have made no runs.
        worst_usd: what is paid at most: each run failing, and being charged, until the ledger allows no other.
        gross_usd: what all cells together cost, those paid before as they were charged.
        unpriced: steps of which FLORA tells no price; they are in no sum.
        after_picks_usd: what may be paid, beside all that, once people have picked what is awaited; at most.
        rows_awaiting: how many rows wait for a pick.
    """

    cells: Mapping[Decision, int]
    net_usd: Decimal
    net_runs: int
    runs_at_most: int = 0
    uncertain_usd: Decimal
    worst_usd: Decimal
    gross_usd: Decimal
    unpriced: tuple[str, ...] = ()
    after_picks_usd: Decimal = Decimal(0)
    rows_awaiting: int = 0

    @classmethod
    def of(cls, cells: Iterable[Cell], *, after_picks_usd: Decimal = Decimal(0)) -> "Totals":
        """Add up cells. What waits for picks is in no sum but its own, for not all of it will be made.

        Args:
            after_picks_usd: what the cells behind gates may come to at most; those of outdated picks are added.
        """
        counts = dict.fromkeys(Decision, 0)
        net = uncertain = worst = gross = Decimal(0)
        runs_at_most = 0
        unpriced: dict[str, None] = {}
        awaiting: set[str] = set()
        for cell in cells:
            counts[cell.decision] += 1
            if cell.decision is Decision.AWAITS:
                awaiting.add(cell.row)
                if cell.because is Because.PICK_OUTDATED:
                    after_picks_usd += cell.price_usd or Decimal(0)
                continue
            if cell.price_usd is None:
                unpriced[cell.step] = None
            price = cell.price_usd or Decimal(0)
            gross += price if cell.charged_usd is None else cell.charged_usd
            runs_at_most += cell.runs_at_most
            worst += price * cell.runs_at_most
            net += price * cell.is_paid_now
            uncertain += price * (cell.decision is Decision.ADOPT)
        return cls(
            cells=counts,
            net_usd=net,
            net_runs=counts[Decision.NEW] + counts[Decision.FOLLOWS],
            runs_at_most=runs_at_most,
            uncertain_usd=uncertain,
            worst_usd=worst,
            gross_usd=gross,
            unpriced=tuple(unpriced),
            after_picks_usd=after_picks_usd,
            rows_awaiting=len(awaiting),
        )


class Group(PlanModel):
    """Cells that are decided alike, for the same reason.

    Attributes:
        usd: what they cost now or, where their runs are paid for, what those were charged.
        steps: of the pipeline, each once.
        labels: of the first few.
        example: what is known of the first one alone.
        is_consequence: all of it is so because of other cells alone.
    """

    decision: Decision
    reason: str
    cells: int
    usd: Decimal
    steps: tuple[str, ...]
    labels: tuple[str, ...]
    example: str = ""
    is_consequence: bool = False


class Funds(PlanModel):
    """Where the campaign's budget stands.

    Attributes:
        uncertain_usd: of requests that are not cleared up yet.
        reserved_usd: set aside for runs that are being started.
    """

    cap_usd: Decimal
    charged_usd: Decimal
    uncertain_usd: Decimal
    reserved_usd: Decimal
    free_usd: Decimal

    def capped_at(self, cap_usd: Decimal) -> "Funds":
        """Return them under another cap."""
        spoken_for = self.charged_usd + self.uncertain_usd + self.reserved_usd
        return self.model_copy(update={"cap_usd": cap_usd, "free_usd": max(cap_usd - spoken_for, Decimal(0))})


class CampaignPlan(PlanModel):
    """What running a campaign now would do.

    Attributes:
        pipeline: its name.
        campaign: empty where nobody named one: then every cell is new.
        archive: where outputs and ledger are.
        is_known: a campaign of this name was begun in this archive.
        changes: what is different from the campaign's last plan, in words.
        files: the SHA-256 of each local file that is an input, by its path.
        funds: None where the campaign has no budget.
        is_selection: some of the campaign's cells alone are in it, as a rerun makes them.
        gates: of the pipeline, by their steps.
        picks: for each row, the number of the newest record of picks that the plan stands on.
    """

    schema_version: Literal[1] = 1
    made_at: datetime
    pipeline: str
    campaign: str = ""
    archive: str
    is_known: bool
    is_sandbox: bool
    materials: Materials
    totals: Totals
    groups: tuple[Group, ...] = ()
    changes: tuple[str, ...] = ()
    funds: Funds | None = None
    is_selection: bool = False
    gates: Mapping[str, Gate] = {}
    picks: Mapping[str, int] = {}
    files: Mapping[str, str] = {}
    cells: tuple[Cell, ...] = ()

    def of_cells(self, cells: Iterable[Cell]) -> "CampaignPlan":
        """Return the plan of these cells alone."""
        chosen = tuple(cells)
        update = {"totals": Totals.of(chosen), "groups": grouped(chosen), "cells": chosen, "is_selection": True}
        return self.model_copy(update=update)

    @property
    def is_spending(self) -> bool:
        """Whether running it may pay for anything, also where a run in flight fails and is tried again."""
        return self.totals.runs_at_most > 0

    @property
    def most_usd(self) -> Decimal:
        """What running it costs at most, as far as there are prices: the worst case, or what the budget leaves."""
        worst = self.totals.worst_usd
        return worst if self.funds is None else min(worst, self.funds.free_usd)

    @property
    def is_blocked(self) -> bool:
        """Whether some cell is not started before somebody has mended something."""
        return self.totals.cells.get(Decision.BLOCKED, 0) > 0


def grouped(cells: Iterable[Cell]) -> tuple[Group, ...]:
    """Return the cells in groups: by decision, causes before what follows of them, the largest first."""
    found: dict[tuple[Decision, str], list[Cell]] = {}
    for cell in cells:
        found.setdefault((cell.decision, cell.reason), []).append(cell)
    order = list(Decision)
    groups = [_group(decision, reason, members) for (decision, reason), members in found.items()]
    return tuple(
        sorted(groups, key=lambda group: (order.index(group.decision), group.is_consequence, -group.cells))
    )


def _group(decision: Decision, reason: str, cells: list[Cell]) -> Group:
    is_paid_for = decision in (Decision.REUSE, Decision.RESUME)
    # Of what waits for picks not all will be made: its price is told with the totals.
    cells_told = () if decision is Decision.AWAITS else cells
    amounts = (cell.charged_usd if is_paid_for else cell.price_usd for cell in cells_told)
    return Group(
        decision=decision,
        reason=reason,
        cells=len(cells),
        usd=sum((amount for amount in amounts if amount is not None), Decimal(0)),
        steps=tuple(dict.fromkeys(cell.step for cell in cells)),
        labels=tuple(cell.label for cell in cells[:PLACES_NAMED]),
        example=cells[0].detail,
        is_consequence=cells[0].because in (Because.UPSTREAM_BLOCKED, Because.UPSTREAM_NEW),
    )
