"""What a row's plan means, in a digest: whoever plans it alike may spend what is set aside for it."""

import hashlib
import json
from pathlib import Path

from florist.ledger import content_of_file
from florist.pipelines.planning import PlannedStep
from florist.pipelines.rows import RowPlans
from florist.pipelines.sources import FileSource, UploadSource


class RowDigests:
    """Digests of rows, each made once. Prices are not in them: a price that has risen is found when it is paid."""

    def __init__(self, plans: RowPlans) -> None:
        self._plans = plans
        self._digests: dict[str, str] = {}
        self._contents: dict[Path, str] = {}

    async def of(self, key: str) -> str:
        """Return the digest of a row, its files by their bytes."""
        if key not in self._digests:
            meaning = [await self._meaning(step) for step in self._plans.rows[key].steps]
            self._digests[key] = hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()[:40]
        return self._digests[key]

    async def _meaning(self, step: PlannedStep) -> dict[str, object]:
        inputs = [(entry.id, await self._value(entry.value)) for entry in step.inputs]
        return {"name": step.name, "technique": step.technique_id, "inputs": inputs, "needs": step.needs}

    async def _value(self, value: object) -> str:
        if isinstance(value, UploadSource):
            return value.address.sha256
        if not isinstance(value, FileSource):
            return repr(value)
        if value.path not in self._contents:
            try:
                self._contents[value.path] = await content_of_file(value.path)
            except OSError:  # the walk finds out, and says so
                self._contents[value.path] = str(value.path)
        return self._contents[value.path]
