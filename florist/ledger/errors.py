"""What guarding the money can end in.

::

    FloristError
    └── LedgerError
        ├── NeedsReviewError            nobody but a person can tell what became of a request
        ├── UnresolvedError             not known yet; ask again later, nothing is sent blindly
        ├── RunUnrecordedError          a run was started, and the store would not take the note of it
        ├── BudgetRefusedError          a budget does not cover a request, which was not sent
        ├── EntryMissingError           there is no such entry, or more than one by that short key
        ├── EntryBusyError              a step by hand that would cut across a request under way, or a paid run
        ├── RunClaimedError             the run belongs to another entry
        ├── ProbeImpossibleError        no request is at hand that could be repeated to learn from
        └── UnreadableRecordError       a record this version does not understand; nothing is paid on a guess
"""

from florist.errors import FloristError


class LedgerError(FloristError):
    """The ledger cannot say that paying is safe, so nothing was paid. Example: docs/client.md, "Errors"."""


class NeedsReviewError(LedgerError):
    """A request may have been paid for, and nothing the ledger may read tells which run it made.

    Attributes:
        key: the entry's key.
        candidates: ids of the runs it may have made; may be empty.
    """

    def __init__(self, message: str, *, key: str, candidates: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.key = key
        self.candidates = candidates


class UnresolvedError(LedgerError):
    """A request whose answer was lost is not cleared up yet. Asking again pays nothing twice."""

    is_retryable = True

    def __init__(self, message: str, *, key: str) -> None:
        super().__init__(message)
        self.key = key


class RunUnrecordedError(LedgerError):
    """FLORA started a run, and the store did not take the record of it. The run goes on, and is paid."""

    def __init__(self, message: str, *, key: str, run_id: str) -> None:
        super().__init__(message)
        self.key = key
        self.run_id = run_id


class BudgetRefusedError(LedgerError):
    """A campaign's budget does not cover a request, which was not sent: it is for a later block, or a higher cap.

    Attributes:
        key: the entry's key.
    """

    def __init__(self, message: str, *, key: str) -> None:
        super().__init__(message)
        self.key = key


class EntryMissingError(LedgerError):
    """No entry has this key, or a shortened key fits more than one."""


class EntryBusyError(LedgerError):
    """A step by hand that would cut across a request under way, or throw away a paid run."""


class RunClaimedError(LedgerError):
    """The run belongs to another entry, whose key is `claimant`."""

    def __init__(self, message: str, *, run_id: str, claimant: str) -> None:
        super().__init__(message)
        self.run_id = run_id
        self.claimant = claimant


class UnreadableRecordError(LedgerError):
    """A record is damaged, or of a newer version. Update Florist; nothing was paid."""


class ProbeImpossibleError(LedgerError):
    """No request is at hand by which FLORA's promise could be probed; nothing was sent."""
