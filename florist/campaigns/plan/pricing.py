"""Whether what a plan costs was agreed to."""

from decimal import Decimal

from florist.amounts import shown_usd
from florist.campaigns.plan.campaign_plan import CampaignPlan
from florist.campaigns.plan.errors import PriceNotAgreedError
from florist.campaigns.plan.summary import price_words


def refuse_above(agreed_usd: Decimal | None, plan: CampaignPlan) -> None:
    """Do nothing if what is paid now is no more than this; None: whatever it is.

    Raises:
        PriceNotAgreedError: it is more.
    """
    price_usd = plan.totals.net_usd + plan.totals.uncertain_usd
    if agreed_usd is not None and price_usd > agreed_usd:
        raise PriceNotAgreedError(
            f"this would cost {shown_usd(price_usd)} now ({price_words(plan.totals)}), more than "
            f"{shown_usd(agreed_usd)}, above which it asks. Nothing was paid. To agree, run it again with "
            f"ask_before_usd at {price_usd.normalize():f} or more",
            price_usd=price_usd,
        )
