"""Rows side by side: what fails in one is its own, what stops all stops what has not begun."""

import asyncio

import pytest

from florist.api.errors import BadRequestError, InsufficientCreditsError, RunFailedError
from florist.api.models import Run
from florist.campaigns.endings import Ending, Made, end_line, ending, raise_if_failed
from florist.campaigns.errors import CampaignFailedError
from florist.campaigns.gaps import Gap, gap_lines, gap_of_error
from florist.ledger import How
from florist.ledger.errors import BudgetRefusedError
from florist.pipelines.errors import StepsFailedError
from tests.campaigns.conftest import Blocks, Campaign, RunCell

BLOCKED = RunFailedError(
    "run run_1 failed at FLORA: blocked (safety_blocked)",
    run=Run.model_validate({"run_id": "run_1", "status": "failed", "error_code": "safety_blocked"}),
)
POOR = InsufficientCreditsError("Insufficient credits.", status=402)


def fails(error: BaseException, *cells: str) -> RunCell:
    """Raise the error in these cells."""

    def run_cell(row: str, step: str) -> None:
        if f"{row}/{step}" in cells:
            raise error

    return run_cell


async def test_campaign_of_which_every_cell_is_made_is_complete(campaign: Campaign):
    result = await campaign.walk()
    assert list(result.made) == ["a/head", "a/again", "b/head", "b/again", "c/head", "c/again"]
    assert ending(result, min_success=1) is Ending.COMPLETED
    assert end_line(result) == "3 of 3 rows, $0.06 of $0.06"


async def test_row_that_fails_leaves_the_others_be_and_its_gaps_are_named(campaign: Campaign):
    result = await campaign.walk(fails(BLOCKED, "b/head"))
    assert [gap.reason for gap in result.gaps] == ["safety_blocked", "not_started: needs head"]
    assert list(result.made) == ["a/head", "a/again", "c/head", "c/again"]
    assert ending(result, min_success=0) is Ending.WITH_GAPS
    assert end_line(result) == "2 of 3 rows, $0.04 of $0.06; 2 gaps: b head: safety_blocked and 1 more"


async def test_result_keeps_no_manifest_of_a_row_that_has_ended(campaign: Campaign):
    result = await campaign.walk()
    assert {type(cell) for cells in result.rows.values() for cell in cells} == {Made}
    assert result.made["a/head"].outputs[0].key == "campaigns/spring/a/head/0.txt"


async def test_step_that_is_cancelled_of_itself_is_a_gap(campaign: Campaign):
    result = await campaign.walk(fails(asyncio.CancelledError(), "b/again"))
    assert [gap.label for gap in result.gaps] == ["b/again"]


async def test_row_whose_walk_breaks_keeps_what_it_has_made(campaign: Campaign):
    result = await campaign.walk(fails(BLOCKED, "b/again"), broken_rows=("b",))
    assert [(gap.label, gap.error) for gap in result.gaps] == [("b/again", "ConnectionError")]
    assert list(result.made) == ["a/head", "a/again", "b/head", "c/head", "c/again"]


async def test_rows_that_the_budget_never_hands_out_are_gaps(campaign: Campaign):
    budget = Blocks([("a",), ("c",)])
    result = await campaign.walk(budget=budget)
    assert [gap.reason for gap in result.gaps] == ["not_started: budget"] * 2
    assert budget.settled == [("a",), ("c",)]


async def test_row_that_the_budget_held_back_goes_on_in_a_later_block_and_leaves_no_gap(campaign: Campaign):
    held_back = [BudgetRefusedError("not sent", key="k")]

    def run_cell(row: str, step: str) -> None:
        if (row, step) == ("b", "again") and held_back:
            raise held_back.pop()

    result = await campaign.walk(run_cell, budget=Blocks([("a", "b", "c"), ("b",)]))
    assert result.gaps == ()
    assert campaign.begun.count("b/head") == 1
    assert campaign.told("gap") == []


async def test_empty_balance_under_a_budget_ends_it_and_says_so_of_the_rest(campaign: Campaign):
    budget = Blocks([("a",), ("b",), ("c",)])
    result = await campaign.walk(fails(POOR, "a/head"), budget=budget)
    assert budget.settled == [("a",)]
    assert [gap.reason for gap in result.gaps][2:] == ["not_started: insufficient_credits"] * 4


async def test_empty_balance_begins_nothing_further(campaign: Campaign):
    result = await campaign.walk(fails(POOR, "b/head"), max_in_flight=1)
    assert campaign.begun == ["a/head", "a/again", "b/head"]
    assert [gap.reason for gap in result.gaps] == [
        "insufficient_credits",
        "not_started: needs head",
        "not_started: insufficient_credits",
        "not_started: insufficient_credits",
    ]


@pytest.mark.parametrize(("on_refusal", "begun"), [("skip", 4), ("fail", 2)])
async def test_refusal_is_skipped_or_begins_nothing_further(campaign: Campaign, on_refusal: str, begun: int):
    refused = BadRequestError("no", status=400)
    await campaign.walk(fails(refused, "a/again", "c/head"), max_in_flight=1, on_refusal=on_refusal)
    assert len([cell for cell in campaign.begun if not cell.startswith("c")]) == begun
    assert ("c/head" in campaign.begun) is (on_refusal == "skip")


async def test_rows_walk_no_more_than_so_many_at_once(campaign: Campaign):
    walking = most = 0

    async def run_cell(row: str, step: str) -> None:
        nonlocal walking, most
        walking += 1
        most = max(most, walking)
        await asyncio.sleep(0)
        walking -= 1

    await campaign.walk(run_cell, max_in_flight=2)
    assert most == 2


@pytest.mark.parametrize(
    ("failing", "min_success", "state"),
    [(1, 0.0, Ending.WITH_GAPS), (1, 0.7, Ending.FAILED), (1, 2 / 3, Ending.WITH_GAPS), (3, 0.0, Ending.FAILED)],
)
async def test_share_of_complete_rows_decides_how_gaps_end(
    campaign: Campaign, failing: int, min_success: float, state: Ending
):
    result = await campaign.walk(fails(BLOCKED, *[f"{row}/again" for row in "abc"[:failing]]))
    assert ending(result, min_success=min_success) is state


async def test_campaign_that_failed_raises_with_its_gaps(campaign: Campaign):
    result = await campaign.walk(fails(BLOCKED, "a/head", "b/head", "c/head"))
    with pytest.raises(CampaignFailedError, match="0 of 3 rows") as raised:
        raise_if_failed(result, min_success=0)
    assert [gap.label for gap in raised.value.gaps][:2] == ["a/head", "a/again"]
    assert raised.value.__cause__ is BLOCKED


async def test_pipeline_run_once_with_a_failed_step_fails_as_steps_do(single: Campaign):
    result = await single.walk(fails(BLOCKED, "/head"))
    with pytest.raises(StepsFailedError) as raised:
        raise_if_failed(result, min_success=0)
    assert [failure.step for failure in raised.value.failures] == ["head"]
    assert raised.value.skipped == (("again", ("head",)),)


async def test_second_run_says_that_nothing_was_charged_now(campaign: Campaign):
    campaign.how = How.REUSED
    assert end_line(await campaign.walk()) == "3 of 3 rows, $0.06 of $0.06 ($0.00 now)"


async def test_campaign_cancelled_ends_its_cells(campaign: Campaign):
    ended: list[str] = []

    async def run_cell(row: str, step: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(row)

    walking = asyncio.create_task(campaign.walk(run_cell))
    while len(campaign.begun) < 3:
        await asyncio.sleep(0)
    walking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await walking
    assert sorted(ended) == ["a", "b", "c"]


def test_gap_of_an_unknown_error_has_a_code_and_an_advice():
    gap: Gap = gap_of_error("a", "head", ZeroDivisionError("by zero"))
    assert (gap.reason, bool(gap.advice)) == ("zero_division", True)


async def test_gaps_that_were_not_begun_are_told_together(campaign: Campaign):
    result = await campaign.walk(fails(BLOCKED, "a/head"), budget=Blocks([("a",)]))
    assert gap_lines(result.gaps) == [
        "gap: a/head: safety_blocked; change its inputs, or pay for it anew by `florist ledger restart`",
        "gap: 1 cell in 1 row (a): not_started: needs head; mend what it needs",
        "gap: 4 cells in 2 rows (b, c): not_started: budget; raise the budget and run the campaign again",
    ]
