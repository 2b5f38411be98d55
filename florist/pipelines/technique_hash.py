"""The hash of a technique's definition: what it takes, makes and costs, as far as a run may differ by it."""

import hashlib
import json
from decimal import Decimal

from florist.api.models import Technique, TechniqueInput

HASH_LENGTH = 16
"""Hex digits: it tells one definition of one technique from another, and proves nothing."""


def technique_hash(technique: Technique) -> str:
    """Return one hash for one definition, in whatever order FLORA lists it; words for people are left out."""
    meaning = {
        "technique_id": technique.technique_id,
        "price": None if technique.run_cost_usd is None else shown_price(technique.run_cost_usd),
        "inputs": sorted(map(_meaning, technique.inputs)),
        "outputs": sorted(map(_meaning, technique.outputs)),
    }
    text = json.dumps(meaning, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_LENGTH]


def shown_price(price: Decimal) -> str:
    """Return a price as one text, however it was written: 0.1 and 0.10 are the same."""
    return f"{price.normalize():f}"


def _meaning(declared: TechniqueInput) -> tuple[str, str, bool, bool]:
    return (declared.id, str(declared.type), declared.optional, declared.allow_multiple)
