"""The same numbers in every view: counted from events."""

import io
import json
from decimal import Decimal

import pytest
from rich.console import Console

from florist.campaigns.events import Progressed, heard_by, listeners
from florist.campaigns.progress import Progress, progress_line
from florist.commands.campaign_view import CampaignView, JsonLines
from florist.ledger import How
from tests.campaigns.conftest import Campaign
from tests.campaigns.test_walking import BLOCKED, fails


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def numbers_at_the_end(campaign: Campaign) -> Progressed:
    (numbers,) = campaign.told("progress")[-1:]
    assert isinstance(numbers, Progressed)
    return numbers


async def test_numbers_at_the_end_are_those_of_the_result(campaign: Campaign):
    result = await campaign.walk(fails(BLOCKED, "b/head"))
    numbers = numbers_at_the_end(campaign)
    assert (numbers.rows, numbers.rows_complete, numbers.rows_with_gaps) == (3, 2, 1)
    assert (numbers.cells, numbers.done, numbers.gaps, numbers.in_flight) == (6, 4, 2, 0)
    assert numbers.charged_usd == numbers.new_usd == result.charged_usd == Decimal("0.04")
    assert progress_line(numbers) == "2 of 3 rows, 0 in flight, 2 gaps, $0.04 of $0.06"


async def test_cells_that_were_paid_before_are_not_spent_now(campaign: Campaign):
    campaign.how = How.REUSED
    await campaign.walk()
    numbers = numbers_at_the_end(campaign)
    assert (numbers.charged_usd, numbers.new_usd) == (Decimal("0.06"), Decimal(0))


async def test_events_of_a_campaign_come_in_their_order(campaign: Campaign):
    await campaign.walk(fails(BLOCKED, "a/head", "b/head", "c/head"))
    kinds = [event.event for event in campaign.events]
    assert (kinds[0], kinds[-2:]) == ("plan", ["progress", "end"])
    assert kinds.count("gap") == 6
    assert '"reason":"safety_blocked"' in next(e.model_dump_json() for e in campaign.told("gap"))


@pytest.mark.parametrize(("elapsed", "left"), [(10.0, 50.0), (60.0, 300.0)])
async def test_time_left_is_the_work_left_by_the_pace_so_far(campaign: Campaign, elapsed: float, left: float):
    clock = Clock()
    progress = Progress(campaign.plans, expected=lambda technique: 20.0, monotonic=clock)
    await campaign.walk()
    for event in campaign.events[:3]:  # plan, started, done
        progress.hear(event)
    clock.now = elapsed
    assert progress.numbers().eta_seconds == left


async def test_time_left_is_not_told_while_durations_are_unknown(campaign: Campaign):
    assert Progress(campaign.plans).numbers().eta_seconds is None


def test_listener_hears_only_within_its_block():
    with heard_by(print):
        assert listeners() == (print,)
    assert listeners() == ()


async def test_json_lines_tell_each_event_and_the_same_numbers_once(campaign: Campaign, capsys):
    await campaign.walk()
    told = JsonLines()
    for event in [*campaign.events[:-1], *campaign.events[-2:]]:
        told.hear(event)
    lines = [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()]
    assert (lines[0], lines[-2:], lines.count("progress")) == ("plan", ["progress", "end"], 1)


async def test_live_view_draws_the_newest_numbers(campaign: Campaign):
    view, console = CampaignView(), Console(width=80, record=True, file=io.StringIO())
    await campaign.walk()
    for event in campaign.events:
        view.hear(event)
    console.print(view)
    drawn = [line.strip() for line in console.export_text().splitlines()]
    assert drawn[1:3] == ["3 of 3 rows, 0 in flight, 0 gaps", "$0.06 of $0.06"]
