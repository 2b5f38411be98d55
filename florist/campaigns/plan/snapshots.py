"""Compacted snapshots: what the ledger had of a campaign when it was last read, in one object.

::

    plans/<digest of the campaign>/snapshots/0000.jsonl.gz      the newest counts; older ones stay

An accelerator and nothing else: a snapshot names the number of each entry's record, a listing of the ledger tells
which entries have newer ones, and those are read. Whoever starts a run asks the ledger itself. One that is damaged
or of another version is as good as none.
"""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import astuple, dataclass, field
from decimal import Decimal
from io import BytesIO
from sys import intern
from typing import Any

from florist.api.models import MediaKind
from florist.campaigns.plan.keys import numbered, plans_folder
from florist.campaigns.plan.paid_work import KeptOutput, PaidWork
from florist.errors import FloristError
from florist.ledger import State
from florist.stores.store import Store

VERSION = 1

_DAMAGED = (ValueError, LookupError, TypeError, ArithmeticError, OSError, EOFError, zlib.error)
"""What reading a snapshot ends in that is none."""

Outputs = Mapping[str, tuple[KeptOutput, ...]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was read of a campaign.

    Attributes:
        works: by their keys.
        foreign: beginnings of the keys of entries that are other campaigns'; a key names one campaign for good.
        outputs: of kept runs that other cells take; they never change.
    """

    works: Mapping[str, PaidWork] = field(default_factory=dict)
    foreign: frozenset[str] = frozenset()
    outputs: Outputs = field(default_factory=dict)


class Snapshots:
    """The snapshots of one campaign in one archive."""

    def __init__(self, store: Store, campaign: str) -> None:
        self._store = store
        self._folder = f"{plans_folder(campaign)}snapshots/"

    async def newest(self) -> Snapshot:
        """Return the newest snapshot that can be read; an empty one if there is none."""
        paths = await self._paths()
        for path in reversed(paths):
            content = await self._store.read(path)
            with suppress(*_DAMAGED):
                return _parsed(content or b"")
        return Snapshot()

    async def keep(self, snapshot: Snapshot) -> bool:
        """Write a snapshot beside the older ones; False if the store would not take it, which costs time alone."""
        content = gzip.compress("".join(_lines(snapshot)).encode(), compresslevel=6, mtime=0)
        try:
            number = len(await self._paths())
            while not await self._store.create(self._path(number), content, media_type="application/gzip"):
                number += 1
        except FloristError:
            return False
        return True

    async def _paths(self) -> list[str]:
        return await numbered(self._store, self._folder)

    def _path(self, number: int) -> str:
        return f"{self._folder}{number:04d}.jsonl.gz"


def _lines(snapshot: Snapshot) -> Iterator[str]:
    yield _line({"version": VERSION, "foreign": sorted(snapshot.foreign)})
    for work in snapshot.works.values():
        yield _line(_told(work))
    for run_id, outputs in snapshot.outputs.items():
        yield _line({"outputs_of_run": run_id, "outputs": [astuple(output) for output in outputs]})


def _line(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True) + "\n"


def _told(work: PaidWork) -> list[object]:
    return [
        work.key,
        work.number,
        work.technique_id,
        work.row,
        work.step,
        work.attempt,
        str(work.state),
        work.renewals,
        work.run_id,
        work.status,
        work.error_code,
        work.outputs,
        _usd(work.run_charged_usd),
        _usd(work.price_usd),
        work.refusal_code,
        dict(work.inputs),
        sorted(work.outputs_of),
    ]


def _parsed(content: bytes) -> Snapshot:
    works: dict[str, PaidWork] = {}
    outputs: dict[str, tuple[KeptOutput, ...]] = {}
    with gzip.open(BytesIO(content)) as lines:
        head = json.loads(lines.readline())
        if head["version"] != VERSION:
            raise ValueError("a snapshot of another version")
        for line in lines:
            told = json.loads(line)
            if isinstance(told, dict):
                outputs[told["outputs_of_run"]] = tuple(_output(*each) for each in told["outputs"])
            else:
                work = _work(*told)
                works[work.key] = work
    return Snapshot(works, frozenset(head["foreign"]), outputs)


def _work(
    key: str,
    number: int,
    technique_id: str,
    row: str,
    step: str,
    attempt: int,
    state: str,
    renewals: int,
    run_id: str,
    status: str,
    error_code: str | None,
    outputs: int,
    charged: str | None,
    price: str | None,
    refusal_code: str,
    inputs: dict[str, str],
    outputs_of: list[str],
) -> PaidWork:
    # Words that thousands of lines share are kept once.
    return PaidWork(
        key=key,
        number=number,
        technique_id=intern(technique_id),
        row=row,
        step=intern(step),
        attempt=attempt,
        state=State(state),
        renewals=renewals,
        run_id=run_id,
        status=intern(status),
        error_code=error_code,
        outputs=outputs,
        run_charged_usd=None if charged is None else Decimal(charged),
        price_usd=None if price is None else Decimal(price),
        refusal_code=refusal_code,
        inputs=inputs,
        outputs_of=frozenset(outputs_of),
    )


def _output(index: int, output_id: str, kind: str, key: str, text: str | None) -> KeptOutput:
    return KeptOutput(index, output_id, MediaKind(kind), key, text)


def _usd(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)
