"""One entry of the ledger: what is known of one piece of work, as of its newest record.

A record is the whole entry, so that reading the newest one is enough; the older ones stay as its history.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import ConfigDict

from florist.api.models import Run, RunStatus
from florist.frozen import FrozenModel
from florist.ledger.work import Work


class State(StrEnum):
    """Where an entry stands."""

    INTENDED = "intended"
    SENT = "sent"
    STARTED = "started"
    FINISHED = "finished"
    ARCHIVED = "archived"
    REFUSED = "refused"
    NEEDS_REVIEW = "needs-review"


StartedBy = Literal["new", "adopted", "adopted by time", "by hand"]
"""How an entry came by its run."""

_WITH_RUN = frozenset({State.STARTED, State.FINISHED, State.ARCHIVED})
_UNRESOLVED = frozenset({State.SENT, State.NEEDS_REVIEW})


class LedgerModel(FrozenModel):
    """Part of a record: immutable JSON. Fields that a later minor version added are kept, and written again."""

    model_config = ConfigDict(extra="allow")


class Send(LedgerModel):
    """A POST that may have been processed.

    Attributes:
        sent_at: when it was about to leave, by FLORA's clock.
        settles_at: when FLORA is surely done with it, by FLORA's clock.
        fingerprint: of the API key: what FLORA knows of idempotency keys, and shows of history, is the key's.
        owner: the call that sent it.
        number: of the record that announced it, by which the store's own time of it is found.
        body_sha256: of the body; None where an older version wrote the record.
        shown_before: runs of the technique that history showed before it left. None of them can be its own.
        block: of the budget that its money is taken from; that of the first POST under its idempotency key. None
            without a budget.
        price_micro: what it was expected to cost, in millionths of a USD; None without a budget.
        signed_at: as of when URLs in the body were signed, so that a repeated one can be equal; None: as it came.
    """

    sent_at: datetime
    settles_at: datetime
    fingerprint: str
    owner: str
    number: int | None = None
    body_sha256: str | None = None
    shown_before: tuple[str, ...] = ()
    block: int | None = None
    price_micro: int | None = None
    signed_at: datetime | None = None

    def may_have_made(self, run_id: str, created_at: datetime | None, slack: timedelta) -> bool:
        """Whether a run may, by its time and by what was known before, have been made by this POST."""
        if run_id in self.shown_before:
            return False
        return created_at is None or self.sent_at - slack <= created_at <= self.settles_at + slack


class Candidate(LedgerModel):
    """A run in FLORA's history that an unanswered request may have made."""

    run_id: str
    status: str
    created_at: datetime | None = None
    claimant: str | None = None
    """The key of the entry it belongs to, if any."""


class RunFacts(LedgerModel):
    """How a run ended."""

    status: str
    charged_usd: Decimal | None = None
    error_code: str | None = None
    error_message: str | None = None
    outputs: int = 0
    completed_at: datetime | None = None

    @classmethod
    def of(cls, run: Run) -> Self:
        """Take from FLORA's answer what the ledger keeps: no URL among it."""
        return cls(
            status=run.status,
            charged_usd=run.charged_usd,
            error_code=run.error_code,
            error_message=run.error_message,
            outputs=len(run.outputs),
            completed_at=run.completed_at,
        )

    @property
    def is_failed(self) -> bool:
        """Whether the run ended as `failed`."""
        return self.status == RunStatus.FAILED


class GivenUp(LedgerModel):
    """An idempotency key that a person gave up for a new one; it may have been charged.

    Attributes:
        charged_usd: what its run was charged, if that is known.
    """

    idempotency_key: str
    block: int | None = None
    price_micro: int | None = None
    run_id: str | None = None
    charged_usd: Decimal | None = None


class Entry(LedgerModel):
    """What is known of one piece of work. Safe to keep in results: it holds no URL and no secret.

    Attributes:
        number: of the newest record, from 0.
        recorded_at: when it was written, by the writer's clock. For people alone; nothing is decided by it.
        owner: the call that wrote it, which no other call shares.
        renewals: how often the idempotency key was renewed, after definite refusals.
        sends: the POSTs under the present idempotency key that may have been processed, oldest first.
        sends_made: all POSTs so far.
        proved_by: what FLORA called a duplicate, if anything: a `repeat` of ours proves that an earlier POST was
            processed; a `first request` proves only that somebody has used this idempotency key before.
        started_by: how the run was come by; `adopted by time` rests on its being the only one of its time.
        price_usd: what one run was said to cost before it was started.
        given_up: earlier idempotency keys that a person gave up, though they may have been charged.
        note: why the entry stands where it stands, in words.
    """

    schema_version: Literal[1] = 1
    key: str
    work: Work
    number: int = 0
    state: State = State.INTENDED
    recorded_at: datetime
    owner: str
    renewals: int = 0
    sends: tuple[Send, ...] = ()
    sends_made: int = 0
    proved_by: Literal["repeat", "first request"] | None = None
    price_usd: Decimal | None = None
    run_id: str | None = None
    started_by: StartedBy | None = None
    ended: RunFacts | None = None
    manifest_key: str | None = None
    given_up: tuple[GivenUp, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    refusal_code: str | None = None
    note: str = ""

    @property
    def idempotency_key(self) -> str:
        """What FLORA is to know this request by: the same for every owner, until a definite refusal."""
        return f"{self.key}-{self.renewals}"

    @property
    def has_run(self) -> bool:
        """Whether it is known which run was paid for."""
        return self.state in _WITH_RUN

    @property
    def is_unresolved(self) -> bool:
        """Whether something was sent and it is not known what became of it."""
        return self.state in _UNRESOLVED

    @property
    def settles_at(self) -> datetime:
        """When FLORA is surely done with everything sent, by FLORA's clock."""
        return max(send.settles_at for send in self.sends)

    def overlaps(self, other: "Entry", slack: timedelta) -> bool:
        """Whether a run may, by its time alone, have been made by a request of either."""
        return any(
            mine.sent_at - slack <= theirs.settles_at + slack and theirs.sent_at - slack <= mine.settles_at + slack
            for mine in self.sends
            for theirs in other.sends
        )

    def may_have_made(self, run: Run, slack: timedelta) -> bool:
        """Whether a run may have been made by a request of this entry. One without a time may always be."""
        return any(send.may_have_made(run.run_id, run.created_at, slack) for send in self.sends)

    def next(self, state: State, *, owner: str, now: datetime, **changes: Any) -> Self:
        """Return the record that comes after this one."""
        common: Mapping[str, Any] = {
            "number": self.number + 1,
            "state": state,
            "owner": owner,
            "recorded_at": now,
            "candidates": (),
            "refusal_code": None,
            "note": "",
        }
        return self.model_copy(update={**common, **changes})
