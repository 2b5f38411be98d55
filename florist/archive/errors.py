"""What keeping a run can end in, beside what its store answers (`florist.stores.errors`).

::

    FloristError
    └── ArchiveError                an output could not be kept
        └── TransferError               the bytes could not be fetched
            ├── TransferBrokenError         the connection broke, and resuming did not help
            ├── TransferRefusedError        a URL that must not be fetched: scheme, host, address, size
            ├── DeadUrlError                the server does not open this URL any more; a fresh one may do
            └── UnavailableOutputError      no URL of an output opens
                ├── OutputRefusedError          refused, though its stated end has not come: try later
                └── OutputExpiredError          its stated end has passed, and FLORA has no other: lost
"""

from florist.errors import FloristError


class ArchiveError(FloristError):
    """An output could not be kept."""


class TransferError(ArchiveError):
    """The bytes of an output could not be fetched. Nothing stands under its final key."""


class TransferBrokenError(TransferError):
    """The connection broke, and resuming it did not help."""

    is_retryable = True


class TransferRefusedError(TransferError):
    """A URL that must not be fetched, or that promises more than the cap."""


class DeadUrlError(TransferError):
    """The URL does not open any more. Read the run again for a fresh one."""


class UnavailableOutputError(TransferError):
    """No URL of an output opens; `run_id` and `index` say which output."""

    def __init__(self, message: str, *, run_id: str, index: int) -> None:
        super().__init__(message)
        self.run_id = run_id
        self.index = index


class OutputRefusedError(UnavailableOutputError):
    """The URL is refused, though it states no end or one still to come. It may open again: try later."""

    is_retryable = True


class OutputExpiredError(UnavailableOutputError):
    """The end that the URL states has passed, and FLORA has no other. It was paid for, and is lost."""
