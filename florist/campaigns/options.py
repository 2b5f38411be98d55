"""How a campaign is walked, as people ask for it: by the command's options, a flow's parameters, or in Python."""

from decimal import Decimal
from typing import Literal

from pydantic import Field

from florist.frozen import FrozenModel
from florist.pipelines.rows import MAX_IN_FLIGHT

OnRefusal = Literal["skip", "fail"]


class CampaignOptions(FrozenModel):
    """How a campaign is walked, and when that is a success.

    Attributes:
        min_success: the share of rows that must be complete; without a single one a run has failed in any case.
        on_refusal: `skip` leaves a gap where FLORA refuses something for good; `fail` begins nothing further after
            the first. What is in flight is waited for and kept either way.
        max_in_flight: rows that are walked at one time.
        budget_usd: what the campaign may cost, all that it has cost before included; a flow run without a campaign
            has a budget of its own. None: the cap that stands, if any.
    """

    min_success: float = Field(default=0.0, ge=0, le=1)
    on_refusal: OnRefusal = "skip"
    max_in_flight: int = Field(default=MAX_IN_FLIGHT, ge=1)
    budget_usd: Decimal | None = Field(default=None, ge=0)
