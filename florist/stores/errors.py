"""The errors of stores.

::

    FloristError
    ├── StoreError                  the store could not do it
    │   ├── StoreUnavailableError       no connection, throttled, 5xx: the same call may work later
    │   ├── StoreMissingError           no such bucket, or the folder cannot be made
    │   ├── StoreDeniedError            wrong or insufficient credentials
    │   ├── StoreFullError              no space left
    │   └── StoreUnsafeError            no atomic create-if-absent, or a listing that leaves out new objects
    ├── ObjectError                 this one object, not the store
    │   ├── KeyTakenError               other bytes are kept under this key already; they were not touched
    │   ├── UnsafeKeyError              a key that could leave the store, or be another on some other store
    │   └── ObjectMissingError          nothing is kept under this key
    └── IntegrityError              what came is not what was promised: length, hash, media type
"""

from florist.errors import FloristError


class StoreError(FloristError):
    """The store could not do what was asked; `location` says which store. Example: docs/client.md, "Errors"."""

    def __init__(self, message: str, *, location: str = "") -> None:
        super().__init__(message)
        self.location = location


class StoreUnavailableError(StoreError):
    """No connection, throttled, or a server error."""

    is_retryable = True
    stops_all = True


class StoreMissingError(StoreError):
    """There is no such bucket, or the folder cannot be made."""

    stops_all = True


class StoreDeniedError(StoreError):
    """The credentials are missing, wrong, or not allowed to do this."""

    stops_all = True


class StoreFullError(StoreError):
    """No space is left. Nothing half-written stands under a final key."""

    stops_all = True


class StoreUnsafeError(StoreError):
    """Create-if-absent is not atomic, or new objects are not listed: no guard against paying twice."""

    stops_all = True


class ObjectError(FloristError):
    """Something is wrong with one object; `key` says which."""

    def __init__(self, message: str, *, key: str) -> None:
        super().__init__(message)
        self.key = key


class KeyTakenError(ObjectError):
    """Other bytes are kept under this key already. They were not touched."""


class UnsafeKeyError(ObjectError):
    """A key that could leave the store, or name another object on some other store."""


class ObjectMissingError(ObjectError):
    """Nothing is kept under this key."""


class IntegrityError(FloristError):
    """What came is not what was promised: its length, its hash, or its media type."""

    is_retryable = True
