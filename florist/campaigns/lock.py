"""The lock file of a folder of pipelines: the techniques they use, as FLORA defined them when it was written.

`drift` compares it with what FLORA defines now: before the night's run, not after the bill.

::

    FloristError
    └── TechniqueDriftError     `drifts` tells what has moved; nothing was spent
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Literal, NamedTuple, Self

from pydantic import ValidationError

from florist.amounts import shown_usd
from florist.api.models import MediaKind, Technique, TechniqueInput
from florist.errors import ConfigurationError, FloristError
from florist.frozen import FrozenModel
from florist.pipelines.technique_hash import shown_price, technique_hash

LOCK_FILE = "techniques.lock.json"


class LockedSlot(FrozenModel):
    """One input or output of a technique."""

    type: MediaKind
    optional: bool = False
    several: bool = False

    @classmethod
    def of(cls, declared: TechniqueInput) -> Self:
        """Take what a run may differ by: no words for people."""
        return cls(type=declared.type, optional=declared.optional, several=declared.allow_multiple)

    def __str__(self) -> str:
        return f"{self.type}{' (optional)' * self.optional}{' (several)' * self.several}"


class LockedTechnique(FrozenModel):
    """A technique as it was when it was locked; `price_usd` is None where FLORA told none."""

    technique_id: str
    hash: str
    price_usd: str | None = None
    inputs: Mapping[str, LockedSlot] = {}
    outputs: Mapping[str, LockedSlot] = {}

    @classmethod
    def of(cls, technique: Technique) -> Self:
        """Lock a definition."""
        price = technique.run_cost_usd
        return cls(
            technique_id=technique.technique_id,
            hash=technique_hash(technique),
            price_usd=None if price is None else shown_price(price),
            inputs={slot.id: LockedSlot.of(slot) for slot in technique.inputs},
            outputs={slot.id: LockedSlot.of(slot) for slot in technique.outputs},
        )


class Lock(FrozenModel):
    """What a lock file holds: each technique by the slug or id that pipelines name it by."""

    schema_version: Literal[1] = 1
    techniques: Mapping[str, LockedTechnique] = {}

    @classmethod
    def of(cls, definitions: Mapping[str, Technique]) -> Self:
        """Lock the techniques of these names."""
        return cls(techniques={name: LockedTechnique.of(technique) for name, technique in definitions.items()})

    def only(self, names: Iterable[str]) -> "Lock":
        """Return the part of it that these names are of: those of one pipeline, where it locks several."""
        wanted = set(names)
        return Lock(techniques={name: locked for name, locked in self.techniques.items() if name in wanted})

    def to_json(self) -> str:
        """Return the file's content: the same for the same definitions, a line for each fact."""
        return json.dumps(self.model_dump(mode="json"), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


class Change(StrEnum):
    """What can have moved."""

    GONE = "technique gone"
    REPLACED = "another technique"
    PRICE = "price moved"
    INPUT_GONE = "input gone"
    INPUT_ADDED = "input added"
    INPUT_REQUIRED = "input required"
    INPUT_CHANGED = "input changed"
    OUTPUT_GONE = "output gone"
    OUTPUT_ADDED = "output added"
    OUTPUT_CHANGED = "output changed"
    NOT_LOCKED = "not in the lock"


class Drift(NamedTuple):
    """One difference between a lock and what FLORA defines now."""

    technique: str
    change: Change
    message: str

    def __str__(self) -> str:
        return f"{self.technique}: {self.message}"


class TechniqueDriftError(FloristError):
    """Techniques are not what they were when they were locked. Look at the pipelines, then lock them anew."""

    def __init__(self, drifts: Sequence[Drift]) -> None:
        self.drifts = tuple(drifts)
        techniques = len({one.technique for one in drifts})
        lines = [
            f"{techniques} technique{'s' * (techniques != 1)} moved since they were locked:",
            *map(str, drifts),
        ]
        super().__init__("\n  ".join(lines))


def drift(lock: Lock, definitions: Mapping[str, Technique]) -> list[Drift]:
    """Return what has moved since the lock was written, technique by technique.

    Args:
        lock: what it holds and `definitions` do not counts as gone; see `Lock.only`.
        definitions: of the techniques that are used, by the names pipelines use; one that FLORA does not know is
            left out.
    """
    found: list[Drift] = []
    for name in sorted({*lock.techniques, *definitions}):
        locked, technique = lock.techniques.get(name), definitions.get(name)
        if technique is None:
            found.append(Drift(name, Change.GONE, "FLORA knows it no more, or not with this API key"))
        elif locked is None:
            found.append(Drift(name, Change.NOT_LOCKED, "is not in the lock; `florist lock` writes it there"))
        elif locked.hash != technique_hash(technique):
            found += [Drift(name, change, message) for change, message in _differences(locked, technique)]
    return found


def read_lock(path: Path) -> Lock:
    """Read a lock file.

    Raises:
        ConfigurationError: there is none, or it is none.
    """
    try:
        return Lock.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"there is no {path}: write it with `florist lock`") from None
    except (OSError, ValueError, ValidationError) as error:
        raise ConfigurationError(
            f"{path} is no lock file that this version of Florist reads: write it anew with `florist lock`"
        ) from error


def _differences(locked: LockedTechnique, technique: Technique) -> Iterable[tuple[Change, str]]:
    now = LockedTechnique.of(technique)
    if now.technique_id != locked.technique_id:
        yield Change.REPLACED, f"its name leads to {now.technique_id} now, and led to {locked.technique_id}"
    if now.price_usd != locked.price_usd:
        yield Change.PRICE, f"the price moved from {_shown(locked.price_usd)} to {_shown(now.price_usd)}"
    yield from _inputs(locked.inputs, now.inputs)
    for name in sorted({*locked.outputs, *now.outputs}):
        before, after = locked.outputs.get(name), now.outputs.get(name)
        if after is None:
            yield Change.OUTPUT_GONE, f"output {name} is gone"
        elif before is None:
            yield Change.OUTPUT_ADDED, f"output {name} ({after}) was added"
        elif before != after:
            yield Change.OUTPUT_CHANGED, f"output {name} changed from {before} to {after}"


def _inputs(locked: Mapping[str, LockedSlot], now: Mapping[str, LockedSlot]) -> Iterable[tuple[Change, str]]:
    for name in sorted({*locked, *now}):
        before, after = locked.get(name), now.get(name)
        if after is None and before is not None:
            alike = [new for new, slot in now.items() if new not in locked and slot == before]
            renamed = f"; it may be {alike[0]} now" if len(alike) == 1 else ""
            yield Change.INPUT_GONE, f"input {name} is gone{renamed}"
        elif after is not None and before is None:
            change = Change.INPUT_ADDED if after.optional else Change.INPUT_REQUIRED
            yield change, f"input {name} ({after}) was added"
        elif before is not None and after is not None and before != after:
            is_required = before.optional and not after.optional
            change = Change.INPUT_REQUIRED if is_required else Change.INPUT_CHANGED
            yield change, f"input {name} changed from {before} to {after}"


def _shown(price: str | None) -> str:
    return shown_usd(None if price is None else Decimal(price))
