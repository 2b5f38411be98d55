"""What planning a campaign can end in, beside what pipelines, stores and FLORA answer.

::

    FloristError
    └── CampaignPlanError
        ├── PlanMovedError              what a person agreed to is not what would be run any more
        ├── PriceNotAgreedError         it costs more than a person has agreed to
        └── PlanMissingError            a campaign without the plan that is asked for
"""

from decimal import Decimal

from florist.errors import FloristError


class CampaignPlanError(FloristError):
    """A campaign cannot be run by this plan. Nothing was paid for."""


class PlanMovedError(CampaignPlanError):
    """Prices, definitions, rows, files or the ledger have moved since the plan was made.

    Attributes:
        differences: what has moved, one sentence each.
    """

    def __init__(self, message: str, *, differences: tuple[str, ...]) -> None:
        super().__init__(message)
        self.differences = differences


class PlanMissingError(CampaignPlanError):
    """There is no such plan of the campaign: look at its name and at `--archive`."""


class PriceNotAgreedError(CampaignPlanError):
    """A run would cost more than somebody has agreed to. Nothing was paid for.

    Attributes:
        price_usd: what it would cost now.
    """

    def __init__(self, message: str, *, price_usd: Decimal) -> None:
        super().__init__(message)
        self.price_usd = price_usd
