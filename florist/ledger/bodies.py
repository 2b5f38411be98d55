"""The body of a POST, and how it can be made again so that the two are equal, byte for byte.

All that changes in a body from one making to the next are the signed URLs in it. SigV4 signs one as it did before
if it is given the same key, object, and second; hence the moment as of which they were signed is kept in `sent`.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from florist.api.models import InputValue

SIGNED_BEFORE = timedelta(minutes=2)
"""By how much the moment of signing lies before the store's time: a URL of the future opens nothing."""


@dataclass(frozen=True, slots=True)
class Body:
    """What a POST carries, as far as it could differ when the request is repeated.

    Attributes:
        is_repeatable: made once more, as of the same moment, it is expected to be equal.
        signed_at: as of when URLs in it were to be signed; None: as it came.
    """

    inputs: tuple[InputValue, ...]
    is_repeatable: bool = True
    signed_at: datetime | None = None

    @property
    def sha256(self) -> str:
        """Tells whether two POSTs have the same body."""
        return digest_of_body(self.inputs)


Inputs = Callable[[datetime | None], Awaitable[Body]]
"""Makes what is sent: files uploaded, URLs signed, as of the moment named if possible."""


def digest_of_body(inputs: Sequence[InputValue]) -> str:
    """Return what tells a body from another one: everything else in it is the same whenever it is repeated."""
    return hashlib.sha256(json.dumps([value.model_dump() for value in inputs]).encode()).hexdigest()
