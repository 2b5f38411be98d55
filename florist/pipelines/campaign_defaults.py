"""The `campaign:` of a pipeline: how it is walked over its rows, where nobody says otherwise.

::

    campaign: {min_success: 0.9, on_refusal: skip, max_in_flight: 100, budget_usd: 40}
"""

from decimal import Decimal
from typing import Literal

from pydantic import ConfigDict, Field

from florist.frozen import FrozenModel

OnRefusal = Literal["skip", "fail"]


class CampaignDefaults(FrozenModel):
    """Options of a campaign, as far as they were given; see `florist.campaigns.options`."""

    model_config = ConfigDict(extra="forbid")

    min_success: float | None = Field(default=None, ge=0, le=1)
    on_refusal: OnRefusal | None = None
    max_in_flight: int | None = Field(default=None, ge=1)
    budget_usd: Decimal | None = Field(default=None, ge=0)
