"""What a plan was made of: files and definitions by their digests, params without secrets."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from florist.api.models import MediaKind, Technique
from florist.campaigns.plan.campaign_plan import FileFacts, Materials, TechniqueFacts
from florist.pipelines import Pipeline
from florist.pipelines.row_files import RowFile
from florist.pipelines.rows import Rows
from florist.upload_address import SCHEME


class Given(Protocol):
    """What a person gave to be planned."""

    @property
    def pipeline(self) -> Pipeline: ...  # noqa: D102
    @property
    def params(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def rows(self) -> Rows: ...  # noqa: D102
    @property
    def rows_location(self) -> str: ...  # noqa: D102


def materials_of(given: Given, definitions: Mapping[str, Technique], *, row_count: int) -> Materials:
    """Return what a plan was made of."""
    withheld = tuple(sorted(name for name, value in given.params.items() if may_be_signed(value)))
    return Materials(
        pipeline=file_facts(given.pipeline.file or Path(given.pipeline.name)),
        rows=FileFacts(location=given.rows_location, sha256=given.rows.sha256)
        if isinstance(given.rows, RowFile)
        else None,
        row_count=row_count,
        params={name: _lasting(given, name) for name in given.params if name not in withheld},
        withheld=withheld,
        techniques={name: _technique_facts(definition) for name, definition in sorted(definitions.items())},
    )


def _lasting(given: Given, name: str) -> str:
    """Return a param's value as it may be used from another folder, too."""
    value, declared = given.params[name], given.pipeline.params.get(name)
    is_media = declared is not None and declared.type is not MediaKind.TEXT
    is_path = is_media and value and "://" not in value and not value.startswith(SCHEME)
    return str(Path(value).absolute()) if is_path else value


def file_facts(path: Path) -> FileFacts:
    """Return a file's place and digest; of one that is gone, the digest of nothing."""
    try:
        content = path.read_bytes()
    except OSError:
        content = b""
    return FileFacts(location=str(path.absolute()), sha256=hashlib.sha256(content).hexdigest())


def may_be_signed(value: str) -> bool:
    """Whether a value may be a URL that opens a private file to whoever holds it."""
    return "://" in value and "?" in value


def definition_sha256(technique: Technique) -> str:
    """Return a digest of what a technique takes and makes; its price is no part of it."""
    sides = [[entry.model_dump(mode="json") for entry in side] for side in (technique.inputs, technique.outputs)]
    text = json.dumps([technique.technique_id, *sides], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _technique_facts(technique: Technique) -> TechniqueFacts:
    return TechniqueFacts(
        technique_id=technique.technique_id,
        name=technique.name,
        sha256=definition_sha256(technique),
        price_usd=technique.run_cost_usd,
    )
