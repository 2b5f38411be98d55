"""Picks: what people keep of what was made, as records that decide what is made, and paid for, next.

::

    picks/<digest of the campaign>/<digest of the row>/000000.json      the newest counts; none is ever altered

A record is all that stands for its row, so that one is read for each. Each is created if its number is free: of
two reviewers at once the second reads what the first has done, and adds to that. Before the first run that a pick
pays for is sent, the campaign takes a number, too (`sending`): whoever takes it first, the reviewer or the
campaign, is known to the other.
"""

from florist.campaigns.picks.adding import add_pick
from florist.campaigns.picks.errors import PickRefusedError
from florist.campaigns.picks.reading import CampaignPicks, RowGate, RowPicks, read_picks
from florist.campaigns.picks.records import Pick, Standing, Verdict

__all__ = [
    "CampaignPicks",
    "Pick",
    "PickRefusedError",
    "RowGate",
    "RowPicks",
    "Standing",
    "Verdict",
    "add_pick",
    "read_picks",
]
