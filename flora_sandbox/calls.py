"""One request on its way through the sandbox."""

import hashlib
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from flora_sandbox.faults import STICKY_STAGES, Fault


@dataclass
class Call:
    """What is known of a request beside its body. Handlers note here what it turned out to be about.

    `number` is its row in the books; `is_answer_lost` says that the connection is to be cut instead of answering.
    """

    request_id: str
    line: str
    owner: str = ""
    idempotency_key: str | None = None
    given_faults: tuple[Fault, ...] = ()
    technique_id: str | None = None
    run_id: str | None = None
    number: int = 0
    is_answer_lost: bool = False
    struck: list[str] = field(default_factory=list)

    def sticky_faults(self) -> tuple[Fault, ...]:
        """Return the faults given by header that stay with the run this request starts."""
        return tuple(fault for fault in self.given_faults if fault.stage in STICKY_STAGES)


def owner_of(api_key: str) -> str:
    """Return what stands for an API key in the sandbox's memory: a fingerprint."""
    return hashlib.sha256(api_key.encode()).hexdigest()[:16]


def _call_of(request: Request) -> Call:
    call: Call = request.scope["state"]["call"]
    return call


TheCall = Annotated[Call, Depends(_call_of)]
