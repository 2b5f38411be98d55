"""What the ledger has of one campaign, in the few facts that a plan is made of."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from florist.api.models import MediaKind, RunStatus
from florist.ledger import Entry, InputIdentity, RunFacts, State

_DIGEST_LENGTH = 16
"""Hex digits: two inputs of one cell are told apart by it, and nothing else."""


@dataclass(frozen=True, slots=True)
class PaidWork:
    """One entry of the ledger. Its name is its hope: it may also be refused, or failed.

    Attributes:
        number: of the newest record, from 0.
        status: of its run at its end; empty while that is not known.
        inputs: a digest of what each input means, by its id.
        outputs_of: ids of the inputs that are outputs of earlier runs.
    """

    key: str
    number: int
    technique_id: str
    row: str
    step: str
    attempt: int
    state: State
    renewals: int = 0
    run_id: str = ""
    status: str = ""
    error_code: str | None = None
    outputs: int = 0
    run_charged_usd: Decimal | None = None
    price_usd: Decimal | None = None
    refusal_code: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs_of: frozenset[str] = frozenset()

    @classmethod
    def of(cls, entry: Entry) -> "PaidWork":
        """Take from an entry what a plan needs."""
        work = entry.work
        return cls(
            key=entry.key,
            number=entry.number,
            technique_id=work.technique_id,
            row=work.row,
            step=work.step,
            attempt=work.attempt,
            state=entry.state,
            renewals=entry.renewals,
            run_id=entry.run_id or "",
            status=entry.ended.status if entry.ended else "",
            error_code=entry.ended.error_code if entry.ended else None,
            outputs=entry.ended.outputs if entry.ended else 0,
            run_charged_usd=entry.ended.charged_usd if entry.ended else None,
            price_usd=entry.price_usd,
            refusal_code=entry.refusal_code or "",
            inputs=input_digests(work.inputs),
            outputs_of=frozenset(identity.id for identity in work.inputs if identity.run_id is not None),
        )

    @property
    def has_run(self) -> bool:
        """Whether it is known which run was paid for."""
        return self.state in (State.STARTED, State.FINISHED, State.ARCHIVED)

    @property
    def is_failed(self) -> bool:
        """Whether its run is known to have failed."""
        return self.status == RunStatus.FAILED

    @property
    def ended(self) -> RunFacts | None:
        """How its run ended, if that is known."""
        if not self.status:
            return None
        return RunFacts(
            status=self.status,
            error_code=self.error_code,
            charged_usd=self.run_charged_usd,
            outputs=self.outputs,
        )

    @property
    def charged_usd(self) -> Decimal | None:
        """What its run was charged or, lacking that, was said to cost."""
        return self.price_usd if self.run_charged_usd is None else self.run_charged_usd


@dataclass(frozen=True, slots=True)
class KeptOutput:
    """An output of a kept run, as those that take it need to know it."""

    index: int
    output_id: str
    type: MediaKind
    key: str
    text: str | None


class CampaignWork:
    """The entries of one campaign, by key and by where they belong.

    Attributes:
        unreadable: keys of entries of which the newest record is damaged, whatever campaign they are of.
        outputs: of kept runs, as far as they were asked for, by run id. Outputs of a run never change.
    """

    def __init__(self, works: Iterable[PaidWork] = (), unreadable: Iterable[str] = ()) -> None:
        self.by_key: dict[str, PaidWork] = {}
        self.unreadable = frozenset(unreadable)
        self.outputs: dict[str, tuple[KeptOutput, ...]] = {}
        self._tried: set[tuple[str, str]] = set()
        self._paid: dict[tuple[str, str], list[PaidWork]] = {}
        for work in works:
            self.by_key[work.key] = work
            self._tried.add((work.row, work.step))
            if work.has_run and not work.is_failed:
                self._paid.setdefault((work.row, work.step), []).append(work)

    def has_been_tried(self, row: str, step: str) -> bool:
        """Whether the ledger has anything of this cell, whichever inputs it had."""
        return (row, step) in self._tried

    def paid_at(self, row: str, step: str) -> list[PaidWork]:
        """Return what is paid for of this cell, whichever inputs it had."""
        return self._paid.get((row, step), [])


def input_digests(identities: Iterable[InputIdentity]) -> dict[str, str]:
    """Return a digest of what each input means, by its id; several values of one input have one."""
    meanings: dict[str, list[tuple[str | int, ...]]] = {}
    for identity in identities:
        meanings.setdefault(identity.id, []).append(identity.meaning[1:])
    return {name: digest_of(found) for name, found in sorted(meanings.items())}


def digest_of(value: object) -> str:
    """Return a short digest of a JSON value."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH]


def differing_inputs(one: Mapping[str, str], other: Mapping[str, str]) -> tuple[str, ...]:
    """Return the ids of the inputs that are not the same in both."""
    return tuple(sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name)))
