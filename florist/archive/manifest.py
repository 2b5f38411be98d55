"""Manifests: provenance and content hashes of a run's outputs, told beside them for years.

`manifest.schema.json` beside this module is its published JSON Schema, made from these models and what their
docstrings say. Example: docs/client.md, "Paying once".
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from florist.api.models import MediaKind
from florist.frozen import FrozenModel
from florist.secrets import shown_url

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


def _without_signature(source: object) -> object:
    return shown_url(source) if isinstance(source, str) and "://" in source and "?" in source else source


class ManifestModel(FrozenModel):
    """A part of a manifest: immutable; what a later version added is passed over."""

    model_config = ConfigDict(extra="ignore")


class ManifestInput(ManifestModel):
    """One input as it was sent: a text, or where the media came from. Never a signed URL."""

    id: str
    type: MediaKind
    text: str | None = Field(default=None, description="The text itself, for inputs of type text.")
    source: Annotated[str | None, BeforeValidator(_without_signature)] = Field(
        default=None, description="Where media came from, for people: a file name, or a host and file name."
    )
    sha256: Sha256 | None = Field(default=None, description="Of the bytes that were sent, if they are known.")
    run_id: str | None = Field(default=None, description="The run whose output this is.")
    index: int | None = Field(default=None, ge=0, description="Which of that run's outputs, counted from 0.")


class Parent(ManifestModel):
    """An archived output that this run was made from."""

    run_id: str
    index: int = Field(ge=0)
    key: str
    sha256: Sha256


class RunOrigin(ManifestModel):
    """Where a run came from: what a manifest needs and FLORA does not tell.

    With a `campaign`, outputs are kept under it, its `row` and its `step`; else under day and technique.
    """

    technique_id: str
    technique: str = Field(description="The slug or id it was started by.")
    technique_name: str = ""
    technique_hash: str | None = Field(
        default=None,
        description="Of the technique's definition when the run was planned; techniques.lock.json has the same.",
    )
    workspace_id: str | None = None
    inputs: tuple[ManifestInput, ...] = ()
    parents: tuple[Parent, ...] = ()
    campaign: str | None = None
    row: str | None = None
    step: str | None = Field(
        default=None, description="What it is called within its row; before a first @, its step's name alone."
    )
    axes: Mapping[str, str] = Field(
        default={}, description="Its value on each axis of its step, where the archiver was told."
    )
    flow_run_id: str | None = Field(default=None, description="Prefect's id of the flow run that started it.")
    ledger_key: str | None = None
    started_by: str | None = Field(
        default=None,
        description="How the ledger came by the run: new, adopted, adopted by time (it was the only one of its "
        "time; nothing proves it), or by hand.",
    )


class ArchivedOutput(ManifestModel):
    """One output as it is kept."""

    index: int = Field(ge=0, description="Its place among the run's outputs, counted from 0.")
    output_id: str
    type: MediaKind
    key: str = Field(description="Where it is, relative to the store.")
    sha256: Sha256
    size_bytes: int = Field(gt=0)
    media_type: str = Field(description="Told from the bytes.")
    width: int | None = Field(
        default=None, gt=0, description="Of a picture, in pixels, where its beginning tells."
    )
    height: int | None = Field(default=None, gt=0, description="Likewise.")
    text: str | None = Field(default=None, description="A short text output itself.")
    warning: str | None = Field(default=None, description="What to know before using it.")


class Manifest(RunOrigin):
    """All that is known of an archived run. Its outputs are in FLORA's order, and all of them."""

    schema_version: Literal[1] = Field(
        default=1, description="Raised when a reader of the version before would misunderstand."
    )
    run_id: str
    charged_usd: Decimal | None = Field(default=None, ge=0)
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    archived_at: datetime
    outputs: tuple[ArchivedOutput, ...] = Field(min_length=1)

    def to_json(self) -> bytes:
        """Return the file's content."""
        return self.model_dump_json(indent=2).encode() + b"\n"


class ManifestPointer(ManifestModel):
    """What stands in the index under a run's id."""

    run_id: str
    manifest_key: str

    def to_json(self) -> bytes:
        """Return the file's content."""
        return self.model_dump_json().encode()


def manifest_schema() -> dict[str, object]:
    """Return the JSON Schema of a manifest file."""
    schema = Manifest.model_json_schema(mode="serialization")
    version = Manifest.model_fields["schema_version"].default
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:florist:manifest:{version}",
        **schema,
    }
