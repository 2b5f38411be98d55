"""The manifest and its published schema."""

import json
from pathlib import Path

import jsonschema
import pytest

from florist.archive.manifest import Manifest, ManifestInput, manifest_schema

SCHEMA_FILE = Path(__file__).parents[2] / "florist/archive/manifest.schema.json"


def test_manifest_schema_file_is_the_one_of_the_model():
    assert json.loads(SCHEMA_FILE.read_text()) == manifest_schema()


def test_manifest_written_is_valid_by_its_schema():
    output = {"index": 0, "output_id": "o", "type": "text", "key": "k", "sha256": "0" * 64, "size_bytes": 1}
    manifest = Manifest(
        technique_id="t",
        technique="t",
        run_id="r",
        charged_usd="0.10",
        archived_at="2026-01-01T00:00:00Z",
        outputs=[{**output, "media_type": "text/plain"}],
    )
    jsonschema.validate(json.loads(manifest.to_json()), manifest_schema())


def test_manifest_of_a_later_version_is_not_misread():
    with pytest.raises(ValueError, match="schema_version"):
        Manifest.model_validate({"schema_version": 2})


def test_manifest_input_from_a_signed_url_keeps_host_and_name_alone():
    source = "https://bucket.s3.amazonaws.com/dir/a.png?X-Amz-Signature=secret"
    assert (
        ManifestInput(id="i", type="imageUrl", source=source).source == "https://bucket.s3.amazonaws.com/…/a.png"
    )
