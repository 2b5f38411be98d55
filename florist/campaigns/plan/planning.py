"""Makes a campaign's plan: prices from FLORA, what is paid for from the ledger, a decision for each cell.

Nothing is started and nothing is paid for. What may be written is a snapshot, by which the next plan is quicker.
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from typing import NamedTuple
from urllib.parse import urlsplit

from florist.api import FloraAPI
from florist.api.models import Technique
from florist.archive.download import Downloader
from florist.campaigns.picks.choices import CampaignChoices, read_choices
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
from florist.pipelines.choices import NOTHING_CHOSEN, RowChoices
from florist.pipelines.definitions import definitions_of, names_to_suggest
from florist.pipelines.errors import PlanError
from florist.pipelines.findings import Findings
from florist.pipelines.gates import gates_in_order
from florist.pipelines.planner import Planner
from florist.pipelines.planning import Plan
from florist.pipelines.problems import Problem
from florist.pipelines.rows import Rows, plan_rows, row_source
from florist.stores.errors import IntegrityError
from florist.stores.store import Store
from florist.studio.campaigns import Campaigns, campaign_name
from florist.wording import quoted


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
    """A campaign's plan, and what it was made of.

    Attributes:
        first: the plan of the first row that can be run.
        unusable: what is wrong with the rows that cannot be, by their keys.
        notes: what a person should know of how the rows were read.
        choices: what people had chosen, as the plan has it.
    """

    plan: CampaignPlan
    first: Plan
    unusable: Mapping[str, Sequence[Problem]]
    notes: tuple[str, ...] = ()
    choices: CampaignChoices = CampaignChoices()

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
    cap_usd: Decimal | None = None,
    choices: CampaignChoices | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Planned:
    """Return what running this now would do.

    Args:
        funds: where the campaign's budget stands, if it has one.
        cap_usd: what the campaign may cost from now on; None: what it may as it stands.
        choices: what people have chosen; None: what they have by now.

    Raises:
        PlanError: no row can be run like this; `problems` lists all there is to mend.
        StoreError: the archive could not be read.
        APIError: FLORA could not be asked.
    """
    pipeline, campaign = wanted.pipeline, campaign_name(wanted.campaign)
    definitions = await definitions_of(pipeline, client)
    suggested = await names_to_suggest(pipeline, definitions, client)
    if choices is None:
        choices = await read_choices(store, campaign) if campaign else CampaignChoices()
    rows = _PlannedRows(wanted, definitions, suggested, choices.rows)
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
        decided = await decided_cells(rows, campaign, known, facts)
    rows.refuse(facts.missing)
    cells = rows.in_order(decided)
    materials = materials_of(wanted, definitions, row_count=rows.count)
    totals = Totals.of(cells, after_picks_usd=rows.after_picks_usd)
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
            funds=funds if cap_usd is None else (funds or _unspent(known)).capped_at(cap_usd),
            gates=gates_in_order(pipeline),
            picks=choices.numbers,
            files=facts.files,
            cells=cells,
        ),
        rows.first,
        rows.unusable,
        rows.notes,
        choices,
    )


def _unspent(known: CampaignWork) -> Funds:
    """Return the funds of a campaign that has no budget yet: what it has cost before counts."""
    zero = Decimal(0)
    charged = sum((work.run_charged_usd or zero for work in known.by_key.values()), zero)
    return Funds(cap_usd=charged, charged_usd=charged, uncertain_usd=zero, reserved_usd=zero, free_usd=zero)


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


class _PlannedRows:
    """The plans of the rows, made one by one as they are asked for, and not kept.

    Attributes:
        first: the plan of the first row that can be run.
        unusable: what is wrong with rows that cannot be; complete once all were asked for.
        after_picks_usd: what the cells that wait for picks may come to at most; likewise.
    """

    def __init__(
        self,
        wanted: Wanted,
        definitions: Mapping[str, Technique],
        suggested: Sequence[str],
        choices: Mapping[str, RowChoices],
    ) -> None:
        self._wanted = wanted
        self._choices = choices
        self.after_picks_usd = Decimal(0)
        self._planner = Planner(wanted.pipeline, definitions, known=suggested)
        self._source = row_source(wanted.rows, wanted.pipeline, wanted.params)
        self._order: list[str] = []
        self.unusable: dict[str, Sequence[Problem]] = {}
        self._plans = self._planned()
        found = next(self._plans, None)
        if found is None:
            # It says of each problem which rows have it.
            plans = plan_rows(wanted.pipeline, wanted.params, wanted.rows, definitions, known=suggested)
            found = next(iter(plans.rows.items()))
        self.first = found[1]
        self._plans = chain([found], self._plans)

    def __iter__(self) -> Iterator[tuple[str, Plan]]:
        return self._plans

    @property
    def count(self) -> int:
        """How many rows there are, once all were asked for."""
        return len(self._order)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of how the rows were read."""
        return self._source.notes

    def refuse(self, missing: Mapping[tuple[str, str, str], str]) -> None:
        """Take note of files that are not there, by row, step and input: nothing is paid for before they are."""
        pipeline = self._wanted.pipeline
        for (row, step, input_id), message in missing.items():
            place = ("steps", step, *pipeline.steps[step].place(input_id))
            problem = pipeline.problem(place, f"row {quoted(row)}: {message}" if row else message)
            self.unusable[row] = (*self.unusable.get(row, ()), problem._replace(kind=message))

    def in_order(self, decided: Mapping[str, Sequence[Cell]]) -> tuple[Cell, ...]:
        """Return all cells, row by row; those of unusable rows are blocked, and called like those of the first."""
        blocked = {
            key: blocked_row(key, self.first.steps, _reason_of(problems))
            for key, problems in self.unusable.items()
        }
        return tuple(cell for key in self._order for cell in decided.get(key) or blocked[key])

    def _planned(self) -> Iterator[tuple[str, Plan]]:
        found = Findings()
        for row in self._source.rows(found):
            self._order.append(row.key)
            try:
                chosen = self._choices.get(row.key, NOTHING_CHOSEN)
                planned = self._planner.plan({**self._wanted.params, **row.params}, chosen)
            except PlanError as error:
                placed = (row.placed(problem) for problem in error.problems)
                self.unusable[row.key] = tuple(problem for problem in placed if problem)
            else:
                self.after_picks_usd += planned.after_picks_usd
                yield row.key, planned
        if found:  # the file itself is at fault: all there is to mend is told at once
            found.add(*chain.from_iterable(self.unusable.values()))
        found.raise_any()


def _reason_of(problems: Sequence[Problem]) -> Reason:
    first = problems[0]
    more = f"; and {len(problems) - 1} more" if len(problems) > 1 else ""
    return Reason(
        Because.ROW_UNUSABLE,
        f"its {first.field.rpartition('.')[2] or 'row'} cannot be used",
        f"{first._replace(field='')!s}{more}",
    )
