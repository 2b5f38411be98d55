"""What a run is to make: one shape for techniques, models and actions."""

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from urllib.parse import urlsplit

from pydantic import JsonValue

from flora_sandbox.catalogue import PermanentFailure, TransientFailure
from flora_sandbox.media import Kind
from flora_sandbox.shapes import RunType


@dataclass(frozen=True)
class Given:
    """One value given for one input."""

    id: str
    type: Kind
    value: str


@dataclass(frozen=True)
class Job:
    """One thing to run, and what it costs."""

    kind: RunType
    subject_id: str
    subject_name: str
    recipe: str
    given: tuple[Given, ...]
    run_cost_usd: Decimal
    seconds: float
    failure: PermanentFailure | TransientFailure | None = None
    params: Mapping[str, JsonValue] = field(default_factory=dict)

    @property
    def variations(self) -> int:
        """How many times the recipe is made: one per value of an input that takes several."""
        return 1 if self.kind == "action" else len(list(variations(self.given)))

    @property
    def price_usd(self) -> Decimal:
        """What the run costs."""
        return self.run_cost_usd * self.variations

    def digest(self) -> str:
        """Return what is equal for runs of equal inputs: signed URLs count without their signature."""
        values = sorted((given.id, _without_signature(given)) for given in self.given)
        return hashlib.sha256(json.dumps([self.subject_id, values, dict(self.params)]).encode()).hexdigest()


def variations(given: Sequence[Given]) -> Iterator[Mapping[str, Given]]:
    """Yield one set of inputs for each combination of values given for the same input."""
    by_id: dict[str, list[Given]] = {}
    for one in given:
        by_id.setdefault(one.id, []).append(one)
    for values in itertools.product(*by_id.values()):
        yield {one.id: one for one in values}


def _without_signature(given: Given) -> str:
    return given.value if given.type == "text" else urlsplit(given.value)._replace(query="").geturl()
