"""The OpenAPI document, and the sandbox fuzzed against it."""

from collections.abc import Iterator

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sandbox.server import SandboxServer
from sandbox.settings import Settings

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory) -> Iterator[SandboxServer]:
    with SandboxServer(tmp_path_factory.mktemp("fuzz"), Settings(input_timeout=0.2)) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def document(fuzzed):
    return schemathesis.openapi.from_dict(httpx.get(f"{fuzzed.url}/openapi.json").json())


schema = schemathesis.pytest.from_fixture("document")


def check(case, sandbox):
    headers = {"Authorization": f"Bearer {sandbox.api_key}"}
    answer = case.call_and_validate(base_url=sandbox.url, headers=headers, checks=CHECKS)
    assert answer.headers["request-id"][0].startswith("req_")


@schema.parametrize()
@settings(max_examples=5, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_every_operation_answers_fuzzed_requests_as_documented(case, fuzzed):
    check(case, fuzzed)


@pytest.mark.drill
@schema.parametrize()
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_operation_answers_many_fuzzed_requests_as_documented(case, fuzzed):
    check(case, fuzzed)


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
