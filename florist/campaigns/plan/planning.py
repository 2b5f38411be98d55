"""Makes a campaign's plan: prices from FLORA, what is paid for from the ledger, a decision for each cell.

Nothing is started and nothing is paid for. What may be written is a snapshot, by which the next plan is quicker.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from florist.api import FloraAPI
from florist.api.models import Technique
from florist.archive.download import Downloader
from florist.campaigns.plan.campaign_plan import CampaignPlan, Funds, Totals, grouped
from florist.campaigns.plan.changes import changes_since
from florist.campaigns.plan.deciding import blocked_row, decided_cells
from florist.campaigns.plan.decisions import Because, Cell, Reason
from florist.campaigns.plan.input_facts import InputFacts
from florist.campaigns.plan.materials import materials_of
from florist.campaigns.plan.paid_work import CampaignWork
from florist.campaigns.plan.reading import campaign_work
from florist.campaigns.plan.records import PlanRecord, PlanRecords
from florist.ledger import Ledger
from florist.pipelines import Pipeline
from florist.pipelines.definitions import definitions_of, names_to_suggest
from florist.pipelines.errors import PlanError
from florist.pipelines.findings import Findings
from florist.pipelines.planner import Planner
from florist.pipelines.planning import Plan
from florist.pipelines.problems import Problem
from florist.pipelines.rows import RowPlans, Rows, plan_rows, row_source
from florist.stores.errors import IntegrityError
from florist.stores.store import Store
from florist.studio.campaigns import Campaigns, campaign_name


class Wanted(NamedTuple):
    """What is to be planned.

    Attributes:
        rows: none at all means one, without a key.
        rows_location: where a file of rows is, as it may be shown and found again.
        campaign: empty where nobody names one: every cell is new then.
    """

    pipeline: Pipeline
    params: Mapping[str, str]
    rows: Rows
    rows_location: str = ""
    campaign: str = ""


class Planned(NamedTuple):
    """A campaign's plan, and the plans of its rows that it was made of.

    Attributes:
        unusable: what is wrong with the rows that cannot be run, by their keys.
    """

    plan: CampaignPlan
    rows: RowPlans
    unusable: Mapping[str, Sequence[Problem]]

    def refuse_unusable(self, only: Collection[str] | None = None) -> None:
        """Do nothing if every row can be run.

        Args:
            only: the keys of the rows that matter; None: all.

        Raises:
            PlanError: some cannot.
        """
        wrong = [problems for key, problems in self.unusable.items() if only is None or key in only]
        if wrong:
            raise PlanError([problem for problems in wrong for problem in problems])


async def planned_campaign(
    client: FloraAPI,
    store: Store,
    wanted: Wanted,
    *,
    funds: Funds | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Planned:
    """Return what running this now would do.

    Raises:
        PlanError: no row can be run like this; `problems` lists all there is to mend.
        StoreError: the archive could not be read.
        APIError: FLORA could not be asked.
    """
    pipeline, campaign = wanted.pipeline, campaign_name(wanted.campaign)
    definitions = await definitions_of(pipeline, client)
    suggested = await names_to_suggest(pipeline, definitions, client)
    rows, unusable, order = _planned_rows(wanted, definitions, suggested)
    is_known = bool(campaign) and await Campaigns(store).knows(campaign)
    last = await _last_plan(store, campaign) if is_known else None
    techniques = {technique.technique_id for technique in definitions.values()}
    if last is not None:
        # A slug may have come to mean another technique: what was paid for is with the old one.
        techniques |= {facts.technique_id for facts in last.materials.techniques.values()}
    # A sandbox serves its media from this machine, where nothing else may be fetched from.
    trusted = frozenset({urlsplit(client.base_url).netloc} if client.is_sandbox else ())
    async with (
        _known_work(Ledger(store), campaign if is_known else "", techniques) as known,
        Downloader(trusted_hosts=trusted) as downloader,
    ):
        facts = InputFacts(Ledger(store), campaign, known, fetch=downloader.fetch)
        cells = await decided_cells(rows.rows, campaign, known, facts)
    cells = _with_blocked(cells, rows, unusable, order)
    materials = materials_of(wanted, definitions, row_count=len(order))
    totals = Totals.of(cells)
    return Planned(
        CampaignPlan(
            made_at=now(),
            pipeline=pipeline.name,
            campaign=campaign,
            archive=store.location,
            is_known=is_known,
            is_sandbox=client.is_sandbox,
            materials=materials,
            totals=totals,
            groups=grouped(cells),
            changes=changes_since(last, materials, totals) if last else (),
            funds=funds,
            files=facts.files,
            cells=cells,
        ),
        rows,
        unusable,
    )


async def _last_plan(store: Store, campaign: str) -> PlanRecord | None:
    with suppress(IntegrityError):  # what has changed since is not worth a plan
        return await PlanRecords(store, campaign).newest()
    return None


@asynccontextmanager
async def _known_work(ledger: Ledger, campaign: str, technique_ids: set[str]) -> AsyncIterator[CampaignWork]:
    if not campaign:
        yield CampaignWork()
        return
    async with campaign_work(ledger, campaign, technique_ids) as known:
        yield known


def _planned_rows(
    wanted: Wanted, definitions: Mapping[str, Technique], suggested: Sequence[str]
) -> tuple[RowPlans, dict[str, Sequence[Problem]], tuple[str, ...]]:
    """Plan every row; one with problems of its own is kept apart, as long as another can be planned.

    Returns:
        The plans, the problems of the rows that have none, and the keys of all rows in their order.
    """
    planner = Planner(wanted.pipeline, definitions, known=suggested)
    source = row_source(wanted.rows, wanted.pipeline, wanted.params)
    plans: dict[str, Plan] = {}
    unusable: dict[str, Sequence[Problem]] = {}
    order: list[str] = []
    found = Findings()
    for row in source.rows(found):
        order.append(row.key)
        try:
            plans[row.key] = planner.plan({**wanted.params, **row.params})
        except PlanError as error:
            placed = (row.placed(problem) for problem in error.problems)
            unusable[row.key] = tuple(problem for problem in placed if problem)
    found.raise_any()
    if not plans:
        # It says of each problem which rows have it.
        plan_rows(wanted.pipeline, wanted.params, wanted.rows, definitions, known=suggested)
    return RowPlans(pipeline=wanted.pipeline.name, rows=plans, notes=source.notes), unusable, tuple(order)


def _with_blocked(
    cells: tuple[Cell, ...], rows: RowPlans, unusable: Mapping[str, Sequence[Problem]], order: Sequence[str]
) -> tuple[Cell, ...]:
    if not unusable:
        return cells
    pattern = next(iter(rows.rows.values())).steps
    by_row: dict[str, list[Cell]] = {}
    for cell in cells:
        by_row.setdefault(cell.row, []).append(cell)
    for key, problems in unusable.items():
        by_row[key] = list(blocked_row(key, pattern, _reason_of(problems)))
    return tuple(cell for key in order for cell in by_row[key])


def _reason_of(problems: Sequence[Problem]) -> Reason:
    first = problems[0]
    more = f"; and {len(problems) - 1} more" if len(problems) > 1 else ""
    return Reason(
        Because.ROW_UNUSABLE,
        f"its {first.field.rpartition('.')[2] or 'row'} cannot be used",
        f"{first.message}{more}",
    )
