"""Faults by name: what can go wrong, when, and how often.

A fault comes from the settings, from `POST /_sandbox/faults`, or with one request in the header
`X-Sandbox-Fault: answer_lost, late_key;seconds=0.5`. Faults combine. Given by header to the request that starts a
run, those about runs, webhooks and media stay with that run.
"""

import fnmatch
import random
from collections.abc import Iterable
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

HEADER = "x-sandbox-fault"


class Stage(StrEnum):
    """The moment at which a fault strikes."""

    ARRIVAL = "arrival"
    BEFORE = "before"
    AFTER = "after"
    KEY = "key"
    SPELLING = "spelling"
    SIGHT = "sight"
    HISTORY = "history"
    RUN = "run"
    WEBHOOK = "webhook"
    MEDIA = "media"


class FaultName(StrEnum):
    """Every fault there is."""

    STRANGER = "stranger"
    CONNECTION_RESET = "connection_reset"
    SLOW_REQUEST = "slow_request"
    RATE_LIMITED = "rate_limited"
    RATE_LIMITED_SILENTLY = "rate_limited_silently"
    SERVER_ERROR = "server_error"
    SERVER_ERROR_THEN_RUN = "server_error_then_run"
    POLL_TROUBLE = "poll_trouble"
    ANSWER_LOST = "answer_lost"
    SERVER_ERROR_AFTER = "server_error_after"
    SLOW_ANSWER = "slow_answer"
    LATE_KEY = "late_key"
    KEY_BURNT = "key_burnt"
    REFUSAL_BURNT = "refusal_burnt"
    REFUSAL_LOST = "refusal_lost"
    CAMEL_CASE = "camel_case"
    NOT_FOUND_AT_FIRST = "not_found_at_first"
    HISTORY_LAG = "history_lag"
    HISTORY_SHIFT = "history_shift"
    LISTED_LATE = "listed_late"
    STUCK_PENDING = "stuck_pending"
    RUN_FAILED = "run_failed"
    MODEL_TIMEOUT = "model_timeout"
    INTERNAL_ERROR = "internal_error"
    PROVIDER_ERROR = "provider_error"
    SAFETY_BLOCKED = "safety_blocked"
    INPUT_UNREACHABLE = "input_unreachable"
    NO_OUTPUTS = "no_outputs"
    WEBHOOK_DUPLICATE = "webhook_duplicate"
    WEBHOOK_LATE = "webhook_late"
    WEBHOOK_LOST = "webhook_lost"
    MEDIA_SLOW = "media_slow"
    MEDIA_TRUNCATED = "media_truncated"
    MEDIA_WRONG_LENGTH = "media_wrong_length"
    MEDIA_WRONG_TYPE = "media_wrong_type"
    MEDIA_EXPIRED = "media_expired"
    MEDIA_FORBIDDEN = "media_forbidden"
    MEDIA_NOT_FOUND = "media_not_found"
    MEDIA_UNAVAILABLE = "media_unavailable"
    MEDIA_RESET = "media_reset"


RUN_CODES = {
    FaultName.MODEL_TIMEOUT: "The model did not answer in time.",
    FaultName.INTERNAL_ERROR: "An internal error occurred.",
    FaultName.PROVIDER_ERROR: "The provider failed to complete the generation.",
    FaultName.SAFETY_BLOCKED: "The request was blocked by the safety system.",
    FaultName.INPUT_UNREACHABLE: "An input could not be fetched.",
}
"""Run-level error codes and their messages. Source: the contract, "A run"."""

_STAGES = {
    Stage.ARRIVAL: "stranger",
    Stage.BEFORE: "connection_reset slow_request rate_limited rate_limited_silently server_error"
    " server_error_then_run poll_trouble",
    Stage.AFTER: "answer_lost server_error_after slow_answer",
    Stage.KEY: "late_key key_burnt refusal_burnt refusal_lost",
    Stage.SPELLING: "camel_case",
    Stage.SIGHT: "not_found_at_first",
    Stage.HISTORY: "history_lag history_shift",
    Stage.RUN: "listed_late stuck_pending run_failed no_outputs " + " ".join(RUN_CODES),
    Stage.WEBHOOK: "webhook_duplicate webhook_late webhook_lost",
    Stage.MEDIA: "media_slow media_truncated media_wrong_length media_wrong_type media_expired media_forbidden"
    " media_not_found media_unavailable media_reset",
}
STAGE_OF = {FaultName(name): stage for stage, names in _STAGES.items() for name in names.split()}
STICKY_STAGES = frozenset({Stage.SIGHT, Stage.RUN, Stage.WEBHOOK, Stage.MEDIA})

_POLLS = ("GET /runs/*", "GET /techniques/*/runs/*", "GET /technique-runs", "GET /generations")
_DEFAULT_ROUTES = {
    FaultName.STRANGER: ("POST /techniques/*/runs",),
    FaultName.POLL_TROUBLE: _POLLS,
    FaultName.SERVER_ERROR_THEN_RUN: ("POST *",),
    FaultName.ANSWER_LOST: ("POST *",),
    FaultName.SERVER_ERROR_AFTER: ("POST *",),
    FaultName.SLOW_REQUEST: ("POST *",),
    FaultName.SLOW_ANSWER: ("POST *",),
}


class Fault(BaseModel):
    """One rule: which fault strikes which requests.

    Of the requests it matches it leaves out the first `after`, then strikes every `every`th, at most `times`
    times, each with probability `chance` (drawn from the sandbox's seed).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: FaultName
    every: int = Field(default=1, ge=1)
    after: int = Field(default=0, ge=0)
    times: int | None = Field(default=None, ge=1)
    chance: float = Field(default=1.0, gt=0, le=1)
    route: str | None = Field(default=None, description="None: where it makes sense")
    technique: str | None = Field(default=None, description="id or slug; only runs of this one")
    seconds: float = Field(default=1.0, ge=0, description="how slow, how late, or how long to wait")
    status: int = Field(default=500, description="of the answer; 402 and 429 only for refusals that burn the key")
    code: str = Field(default="unknown_error", description="run-level error code of run_failed")
    offset: float = Field(default=0.0, description="stranger: created so long after the POST, or before it")
    shift: int = Field(default=1, description="history_shift: items repeated, or (negative) left out")
    retry_after_date: bool = Field(default=False, description="rate_limited: say it as an HTTP date")

    @model_validator(mode="after")
    def _status_fits(self) -> Self:
        refuses = self.name in (FaultName.REFUSAL_BURNT, FaultName.REFUSAL_LOST)
        if not (500 <= self.status <= 599 or (refuses and self.status in (402, 429))):
            raise ValueError("status must be 500 to 599, or for a burnt refusal also 402 or 429")
        return self

    @property
    def stage(self) -> Stage:
        """When it strikes."""
        return STAGE_OF[self.name]

    def matches(self, line: str, techniques: Iterable[str]) -> bool:
        """Whether it is about this request line and technique."""
        patterns = (self.route,) if self.route else _DEFAULT_ROUTES.get(self.name, ("*",))
        if not any(fnmatch.fnmatchcase(line, pattern) for pattern in patterns):
            return False
        return self.technique is None or self.technique in techniques

    def strikes_at(self, turn: int, struck: int, seed: str) -> bool:
        """Whether it strikes the `turn`th request it matches (from 1), having struck `struck` times before."""
        if turn <= self.after or (self.times is not None and struck >= self.times):
            return False
        if (turn - self.after) % self.every:
            return False
        return self.chance >= 1 or random.Random(f"{seed}:{turn}").random() < self.chance


SCENARIOS: dict[str, tuple[Fault, ...]] = {
    "every_third_poll": (Fault(name=FaultName.POLL_TROUBLE, every=3),),
    "lost_answers": (Fault(name=FaultName.ANSWER_LOST, every=2),),
    "rate_limit_burst": (
        Fault(name=FaultName.RATE_LIMITED, times=3),
        Fault(name=FaultName.RATE_LIMITED_SILENTLY, after=3, times=2),
    ),
    "broken_media": (
        Fault(name=FaultName.MEDIA_TRUNCATED, times=1),
        Fault(name=FaultName.MEDIA_RESET, after=1, times=1),
        Fault(name=FaultName.MEDIA_UNAVAILABLE, after=2, times=1),
        Fault(name=FaultName.MEDIA_WRONG_LENGTH, after=3, times=1),
    ),
    "bad_day": (
        Fault(name=FaultName.POLL_TROUBLE, every=3),
        Fault(name=FaultName.ANSWER_LOST, chance=0.2),
        Fault(name=FaultName.SERVER_ERROR, route="POST *", chance=0.1),
        Fault(name=FaultName.SERVER_ERROR_AFTER, chance=0.1),
        Fault(name=FaultName.CONNECTION_RESET, chance=0.05),
        Fault(name=FaultName.PROVIDER_ERROR, chance=0.1),
        Fault(name=FaultName.MEDIA_TRUNCATED, chance=0.1),
    ),
}
"""Faults that come together, under one name."""


def faults_in(header: str) -> tuple[Fault, ...]:
    """Read `X-Sandbox-Fault`: names parted by commas, each with `;key=value` behind it.

    Raises:
        ValueError: a name or a key is unknown, or a value does not fit.
    """
    return tuple(_one_fault(part) for part in header.split(",") if part.strip())


def _one_fault(text: str) -> Fault:
    name, *pairs = (piece.strip() for piece in text.split(";"))
    values = dict(pair.partition("=")[::2] for pair in pairs)
    try:
        return Fault.model_validate({"name": name, **values})
    except ValidationError as error:
        problem = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}") from error
