"""The ledger: nothing is paid for twice, and nothing paid for is lost.

`Spender.start` is the only way to start a run; `docs/ledger.md` has the protocol.
"""

from florist.ledger.attempts import next_attempt
from florist.ledger.bodies import Body
from florist.ledger.by_hand import adopt, restart
from florist.ledger.contents import content_of_file
from florist.ledger.entries import Entry, RunFacts, Send, State
from florist.ledger.explaining import differences, explanation, nearest
from florist.ledger.generation_route import GenerationRoute
from florist.ledger.ledger import Ledger, callback_token
from florist.ledger.reports import Line, UnreadableLine, in_flight, lines, unreadable_lines
from florist.ledger.spender import How, Spender, Started
from florist.ledger.technique_route import TechniqueRoute
from florist.ledger.timing import Timing
from florist.ledger.work import InputIdentity, Work

__all__ = [
    "Body",
    "Entry",
    "GenerationRoute",
    "How",
    "InputIdentity",
    "Ledger",
    "Line",
    "RunFacts",
    "Send",
    "Spender",
    "Started",
    "State",
    "TechniqueRoute",
    "Timing",
    "UnreadableLine",
    "Work",
    "adopt",
    "callback_token",
    "content_of_file",
    "differences",
    "explanation",
    "in_flight",
    "lines",
    "nearest",
    "next_attempt",
    "restart",
    "unreadable_lines",
]
