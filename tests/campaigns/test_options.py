"""How a campaign is walked: as was asked, else as its pipeline says."""

from decimal import Decimal

from florist.campaigns.options import CampaignOptions
from florist.pipelines.campaign_defaults import CampaignDefaults

DEFAULTS = CampaignDefaults(min_success=0.9, on_refusal="fail", budget_usd=Decimal(40))


def test_what_was_asked_for_wins_over_what_the_pipeline_says():
    asked = CampaignDefaults(min_success=0, budget_usd=Decimal(5))
    options = CampaignOptions.of(DEFAULTS, asked)
    assert options == CampaignOptions(min_success=0, on_refusal="fail", budget_usd=Decimal(5))


def test_budget_of_the_pipeline_is_the_first_cap_alone():
    options = CampaignOptions.of(DEFAULTS)
    assert (options.budget_usd, options.first_budget_usd) == (None, Decimal(40))
