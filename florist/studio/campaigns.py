"""Campaign names: what binds runs of several nights and machines into one piece of work."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator


def campaign_name(name: str) -> str:
    """Return the one spelling of a campaign's name: Unicode's NFC, without blanks at its ends.

    Two spellings that look alike must not be two campaigns, of which the second is paid for anew.
    """
    return unicodedata.normalize("NFC", name).strip()


CampaignName = Annotated[str, AfterValidator(campaign_name)]
"""A field that holds a campaign's name in its one spelling."""
