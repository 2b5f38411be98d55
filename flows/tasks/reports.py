"""What a person sees of a flow run in Prefect's UI: the price before anything is paid for, and what came of it.

Prefect's UI shows the artifacts of a flow run by their random ids, in no order. So what is read in one order is
one artifact, the report: made with the plan before the first run, and at the end bill, gaps, pictures and plan.
"""

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from httpx import HTTPError
from prefect import get_client
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.client.schemas.actions import ArtifactUpdate
from prefect.exceptions import PrefectException
from prefect.logging import get_run_logger

from florist.amounts import shown_usd
from florist.campaigns.bill.reading import Charges
from florist.campaigns.endings import CampaignResult, Cell, Made, end_line
from florist.campaigns.gaps import Gap, gap_lines, is_begun
from florist.campaigns.plan.campaign_plan import CampaignPlan
from florist.campaigns.plan.summary import price_words, summary
from florist.stores.store import Store
from florist.wording import shortened
from flows.tasks.bills import bill_section
from flows.tasks.previews import WITHOUT_PILLOW, Preview, has_pillow, previews_of
from flows.tasks.words import artifact_key, as_word, escaped, sheet_link, with_code

LINES_AT_MOST = 1000
"""Of a table: more than anybody reads, less than Prefect's server minds."""
GAPS_SHOWN = 50
PER_LINE = 4
"""Pictures beside each other: as many as fit a page of 1280 pixels."""
MESSAGE_LENGTH = 240
CAMPAIGN = "CAMPAIGN"
"""How advice names the campaign, whichever it is."""


class Report:
    """The report of one flow run, as long as it is at work."""

    def __init__(self) -> None:
        self._artifact: UUID | None = None
        self._plan: CampaignPlan | None = None

    async def before(self, plan: CampaignPlan, notes: Iterable[str] = ()) -> None:
        """Log what is to be paid, and publish what becomes of the cells, and why.

        Args:
            notes: what a person should know of how the rows were read.
        """
        for line in notes:
            get_run_logger().info(line)
        new = "" if plan.is_known or not plan.campaign else f"; campaign {plan.campaign} is new in {plan.archive}"
        get_run_logger().info("%s: to pay now: %s%s", plan.pipeline, price_words(plan.totals), new)
        self._plan = plan
        text = "\n".join((f"# {escaped(_name(plan))}", "", *_plan_section(plan)))
        self._artifact = await acreate_markdown_artifact(
            text, key=artifact_key("report", _name(plan)), description=_card(_price_card(plan))
        )

    async def after(self, store: Store, charges: Charges | None, result: CampaignResult) -> None:
        """Publish bill, gaps, pictures and plan, and a table of what every cell has come to.

        Failing to is no reason to fail: it is what people see; all is paid and kept.
        """
        assert self._plan is not None  # noqa: S101
        previews = await previews_of(store, result)
        lines = [f"# {escaped(_name(self._plan))}", "", f"**{escaped(end_line(result))}**", ""]
        lines += ["## Bill", "", *(bill_section(charges) if charges else ["Nothing was spent."]), ""]
        lines += _gap_section(result.gaps, self._plan.campaign)
        lines += _picture_section(self._plan, previews)
        lines += _plan_section(self._plan)
        try:
            await self._rewrite("\n".join(lines), _card(_end_card(result)))
            await _report_made(result, self._plan)
        except (HTTPError, PrefectException) as error:
            get_run_logger().warning(
                "the report is not in Prefect (%s); what was made is kept", type(error).__name__
            )

    async def stopped(self, words: str) -> None:
        """Put what has become of a flow run that was stopped before its plan."""
        if self._plan is not None:
            text = "\n".join((f"# {escaped(_name(self._plan))}", "", f"**{escaped(words)}**", ""))
            await self._rewrite(
                text + "\n".join(_plan_section(self._plan)), _card(["**stopped**", *words.split("; ")[1:]])
            )

    async def _rewrite(self, text: str, card: str) -> None:
        if self._artifact is not None:
            async with get_client() as client:
                await client.update_artifact(self._artifact, ArtifactUpdate(data=text, description=card))


def _name(plan: CampaignPlan) -> str:
    return plan.campaign or plan.pipeline


def _card(lines: Iterable[str]) -> str:
    """Return a description: its card shows the beginning of each paragraph, some 28 characters."""
    return "\n\n".join(lines)


def _price_card(plan: CampaignPlan) -> Iterator[str]:
    yield f"**Before the first run:** {price_words(plan.totals)}"
    if plan.materials.rows:
        yield f"{plan.materials.row_count:,} rows"


def _end_card(result: CampaignResult) -> Iterator[str]:
    now = "" if result.new_usd == result.charged_usd else f", {shown_usd(result.new_usd)} now"
    yield f"**{shown_usd(result.charged_usd)}** of {shown_usd(result.planned_usd)}{now}"
    if "" not in result.rows:
        yield f"{result.rows_complete:,} of {len(result.rows):,} rows"
    yield f"{len(result.gaps):,} gaps" if len(result.gaps) > 1 else "1 gap" if result.gaps else "no gaps"


def _gap_section(gaps: Sequence[Gap], campaign: str) -> Iterator[str]:
    if not gaps:
        return
    yield from (f"## Gaps: {len(gaps):,}", "")
    begun = [gap for gap in gaps if is_begun(gap)]
    for gap in begun[:GAPS_SHOWN]:
        next_step = with_code(gap.advice.replace(CAMPAIGN, as_word(campaign) if campaign else CAMPAIGN))
        said = escaped(shortened(gap.message, MESSAGE_LENGTH))
        yield f"- **{escaped(gap.label)}**: {escaped(gap.reason)}. {said}<br>Next: {next_step}"
    if len(begun) > GAPS_SHOWN:
        yield f"- … and {len(begun) - GAPS_SHOWN:,} more, in the table of all cells"
    for line in gap_lines(gap for gap in gaps if not is_begun(gap)):
        yield f"- {escaped(line.removeprefix('gap: '))}"
    yield ""


def _picture_section(plan: CampaignPlan, previews: Sequence[Preview]) -> Iterator[str]:
    yield from ("## Pictures", "")
    yield f"All of them: {sheet_link(plan.campaign)}" if plan.campaign else f"In {escaped(plan.archive)}"
    yield ""
    if not has_pillow():
        yield from (WITHOUT_PILLOW, "")
    for start in range(0, len(previews), PER_LINE):
        shown = previews[start : start + PER_LINE]
        if start == 0:
            yield from (f"|{' |' * len(shown)}", f"|{' --- |' * len(shown)}")
        cells = (f"![{escaped(one.label)}]({one.address})<br>{escaped(one.label)}" for one in shown)
        yield f"| {' | '.join(cells)} |"
    yield ""


def _plan_section(plan: CampaignPlan) -> Iterator[str]:
    heading, *lines = summary(plan)
    yield from ("## Plan, before the first run", "", escaped(heading), "")
    yield from (f"- {escaped(line)}" for line in lines)
    yield ""


async def _report_made(result: CampaignResult, plan: CampaignPlan) -> None:
    """Show what every cell has come to, and why, as a table to search in: the gaps first."""
    cells: list[Cell] = [*result.gaps, *result.made.values()]
    found = (line for cell in cells for line in _lines(cell))
    shown = [line for line, _ in zip(found, range(LINES_AT_MOST), strict=False)]
    if not any(line["row"] for line in shown):  # a pipeline run once: nobody needs a column of empty cells
        shown = [{name: cell for name, cell in line.items() if name != "row"} for line in shown]
    card = [f"{len(result.made):,} cells made", f"{len(result.gaps):,} gaps", escaped(plan.archive)]
    if len(cells) > LINES_AT_MOST:
        card.append(f"the first {LINES_AT_MOST:,} lines")
    await acreate_table_artifact(shown, key=artifact_key("made", _name(plan)), description=_card(card))


def _lines(cell: Cell) -> Iterator[dict[str, str]]:
    """Yield a line for each output, or one for a gap; what is looked for first stands where a page shows it."""
    place = {"row": cell.row, "step": cell.step}
    match cell:
        case Gap():
            came = "failed" if cell.is_started else "not started"
            why = f"{cell.reason}: {cell.message}; {cell.advice}"
            yield {**place, "came": came, "charged": "", "file": "", "why": why, "run": "", "bytes": "", "key": ""}
        case Made():
            for index, output in enumerate(cell.outputs):
                yield {
                    **place,
                    "came": cell.came,
                    "charged": shown_usd(cell.charged_usd) if index == 0 else "",
                    "file": output.key.rpartition("/")[2],
                    "why": cell.reason,
                    "run": cell.run_id,
                    "bytes": f"{output.size_bytes:,}",
                    "key": output.key,
                }
