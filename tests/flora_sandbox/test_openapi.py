"""The OpenAPI document, and the sandbox fuzzed against it: a few requests to each operation."""

import httpx
import pytest
from hypothesis import settings

from tests.flora_sandbox.fuzzing import LIMITS, OPERATIONS, answers_as_documented, fuzzed

__all__ = ["fuzzed"]


@pytest.mark.short_drill
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_operation_answers_fuzzed_requests_as_documented(fuzzed, operation):
    answers_as_documented(operation, fuzzed, settings(max_examples=8, derandomize=True, **LIMITS))


def test_document_holds_floras_routes_alone(fuzzed):
    paths = httpx.get(f"{fuzzed.url}/openapi.json").json()["paths"]

    assert {path.removeprefix("/api/v1") for path in paths} == {
        "/actions",
        "/actions/{action_id}",
        "/assets",
        "/assets/{asset_id}",
        "/assets/{asset_id}/complete",
        "/assets/{asset_id}/retry",
        "/generate",
        "/generations",
        "/models",
        "/projects",
        "/runs/action",
        "/runs/generation",
        "/runs/technique",
        "/runs/{run_id}",
        "/technique-runs",
        "/techniques",
        "/techniques/{technique}",
        "/techniques/{technique}/runs",
        "/techniques/{technique}/runs/{run_id}",
        "/workspaces",
    }
