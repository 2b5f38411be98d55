"""A campaign walked under a budget, end to end at a sandbox."""

from florist.campaigns.endings import CampaignResult, Made
from tests.campaigns.budget.conftest import PRICE, Campaign


def done(walked: CampaignResult) -> list[str]:
    return [key for key, cells in walked.rows.items() if all(isinstance(cell, Made) for cell in cells)]


async def test_walk_under_a_cap_does_what_fits_and_says_what_was_not_started(campaign: Campaign):
    walked = await campaign.walked(PRICE * 5)
    assert done(walked) == ["row-0", "row-1"]
    assert {gap.reason for gap in walked.gaps} == {"not_started: budget"}
    assert campaign.books().total.charged_usd == PRICE * 4
    record = await campaign.record()
    assert (record.settled, record.held, record.open) == (40_000, {}, {})
