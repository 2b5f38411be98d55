"""What making a step can end in, beside what FLORA, archive and ledger answer.

::

    FloristError
    └── StudioError
        ├── NotStartedYet               no run at FLORA yet when the window closed; call again
        ├── KeptOutputMissingError      a run that would be reused, whose files are gone for good
        ├── UploadMissingError          an address of an upload under which nothing is kept
        └── UploadTooLargeError         more bytes than an upload may have
"""

from florist.errors import FloristError


class StudioError(FloristError):
    """A step could not be made."""


class KeptOutputMissingError(StudioError):
    """Outputs of a paid run are not in the archive any more, and FLORA does not give them out again.

    Attributes:
        run_id: the run's.
        keys: of the missing objects.
    """

    def __init__(self, message: str, *, run_id: str, keys: tuple[str, ...]) -> None:
        super().__init__(message)
        self.run_id = run_id
        self.keys = keys


class UploadMissingError(StudioError):
    """Nothing is kept under the address of an upload. Nothing was paid for.

    Attributes:
        address: the address.
    """

    def __init__(self, message: str, *, address: str) -> None:
        super().__init__(message)
        self.address = address


class UploadTooLargeError(StudioError):
    """A file has more bytes than an upload may have. Nothing of it was kept."""


class NotStartedYet(StudioError):  # noqa: N818 - not an error: the signal to look again
    """The run had not begun when the window closed: an earlier request is being cleared up, or it queues."""

    is_retryable = True
