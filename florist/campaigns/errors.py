"""What running a campaign can end in.

::

    FloristError
    └── CampaignError
        └── CampaignFailedError         too few of its rows are complete; what is done is kept
"""

from collections.abc import Sequence

from florist.campaigns.gaps import Gap
from florist.errors import FloristError


class CampaignError(FloristError):
    """A campaign that cannot be run, or came to a bad end."""


class CampaignFailedError(CampaignError):
    """Too few rows of a campaign are complete. All that is done is kept; the same campaign again goes on.

    Attributes:
        gaps: what is missing, in the order of the plan.
    """

    def __init__(self, message: str, *, gaps: Sequence[Gap]) -> None:
        super().__init__(message)
        self.gaps = tuple(gaps)
