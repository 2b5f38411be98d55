"""How long the ledger waits, and within which times it believes what it sees."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Timing:
    """Durations in seconds, each with where it comes from. Shorter ones are for tests on a scaled clock.

    Args:
        lease: from before the journal entry that announces a POST until its last byte may leave; past it the
            sender sends nothing.
        settle: from the end of the lease until FLORA is surely done with the request: the client's timeout
            of one request (30 s) and as much again.
        resend_window: for how long FLORA knows an idempotency key. It promises 2 h in one place and 24 h in
            another; five minutes go off for a request on its way.
        skew: how far FLORA's `created_at` may lie outside the time a request was open. Both are read from
            FLORA's own clock, whose `Date` has whole seconds.
        absence_skew: as `skew`, where a run must *not* be found before work is started anew: an oversight
            there costs money, one too many costs a review.
        clock_skew: how far FLORA's time and the store's time of one record may differ before neither is trusted.
        hold_up: how long an in-doubt request holds up other POSTs of its technique, from when its bytes left,
            where FLORA is not known to replay; less if history shows a run that may be its own.
        poll: between two looks at an entry somebody else is busy with.
        look_again: between two looks into history.
        patience: how late history may show a run. Nothing is adopted by time, and nothing repeated to a FLORA
            that may not know the key, before a look that begins so long after the request was settled.
        refusal_pause: after a 429 that does not say how long.
        sends_at_most: POSTs of one call, those answered by a 429 or not at all included.
        belief: for how long a promise of FLORA's that was seen kept is relied upon.
    """

    lease: float = 30.0
    settle: float = 60.0
    resend_window: float = 2 * 3600.0 - 300.0
    skew: float = 15.0
    absence_skew: float = 900.0
    clock_skew: float = 240.0
    hold_up: float = 15.0
    poll: float = 2.0
    look_again: float = 10.0
    patience: float = 300.0
    refusal_pause: float = 5.0
    sends_at_most: int = 8
    belief: float = 7 * 86400.0

    @property
    def open_for(self) -> timedelta:
        """How long after `sent` the request may still be at work at FLORA."""
        return timedelta(seconds=self.lease + self.settle)
