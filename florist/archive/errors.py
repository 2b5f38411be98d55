"""What keeping outputs can end in.

::

    FloristError
    └── ArchiveError
        ├── StoreError                  the store could not do it
        │   ├── StoreUnavailableError       no connection, throttled, 5xx: the same call may work later
        │   ├── StoreMissingError           no such bucket, or the folder cannot be made
        │   ├── StoreDeniedError            wrong or insufficient credentials
        │   ├── StoreFullError              no space left
        │   └── StoreUnsafeError            the store does not enforce create-if-absent
        ├── KeyTakenError               other bytes are kept under this key already; they were not touched
        ├── UnsafeKeyError              a key that could leave the store, or be another on some other store
        ├── ObjectMissingError          nothing is kept under this key
        ├── TransferError               the bytes could not be fetched
        │   ├── TransferBrokenError         the connection broke, and resuming did not help
        │   ├── TransferRefusedError        a URL that must not be fetched: scheme, host, address, size
        │   ├── DeadUrlError                the server does not open this URL any more; a fresh one may do
        │   └── OutputExpiredError          FLORA has no living URL for it any more: lost
        ├── IntegrityError              what came is not what was promised: length, hash, media type
        └── SweepIncompleteError        a sweep could not keep every run; the next one tries again
"""

from florist.errors import FloristError


class ArchiveError(FloristError):
    """An output could not be kept."""


class StoreError(ArchiveError):
    """The store could not do what was asked; `location` says which store."""

    def __init__(self, message: str, *, location: str = "") -> None:
        super().__init__(message)
        self.location = location


class StoreUnavailableError(StoreError):
    """No connection, throttled, or a server error."""

    is_retryable = True


class StoreMissingError(StoreError):
    """There is no such bucket, or the folder cannot be made."""


class StoreDeniedError(StoreError):
    """The credentials are missing, wrong, or not allowed to do this."""


class StoreFullError(StoreError):
    """No space is left. Nothing half-written stands under a final key."""


class StoreUnsafeError(StoreError):
    """The store overwrites where create-if-absent was asked: it cannot guard money."""


class KeyTakenError(ArchiveError):
    """Other bytes are kept under this key already. They were not touched."""

    def __init__(self, message: str, *, key: str) -> None:
        super().__init__(message)
        self.key = key


class UnsafeKeyError(ArchiveError):
    """A key that could leave the store, or name another object on some other store."""

    def __init__(self, message: str, *, key: str) -> None:
        super().__init__(message)
        self.key = key


class ObjectMissingError(ArchiveError):
    """Nothing is kept under this key."""

    def __init__(self, message: str, *, key: str) -> None:
        super().__init__(message)
        self.key = key


class TransferError(ArchiveError):
    """The bytes of an output could not be fetched. Nothing stands under its final key."""


class TransferBrokenError(TransferError):
    """The connection broke, and resuming it did not help."""

    is_retryable = True


class TransferRefusedError(TransferError):
    """A URL that must not be fetched, or that promises more than the cap."""


class DeadUrlError(TransferError):
    """The URL does not open any more. Read the run again for a fresh one."""


class OutputExpiredError(TransferError):
    """FLORA has no living URL for this output any more. It was paid for, and is lost."""

    def __init__(self, message: str, *, run_id: str, index: int) -> None:
        super().__init__(message)
        self.run_id = run_id
        self.index = index


class IntegrityError(ArchiveError):
    """What came is not what was promised: its length, its hash, or its media type."""

    is_retryable = True


class SweepIncompleteError(ArchiveError):
    """A sweep could not keep every run that was paid for. The next one tries them again."""
