"""The OpenAPI document, and the sandbox fuzzed against it."""

from collections.abc import Iterator

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from flora_sandbox.app import application
from flora_sandbox.server import SandboxServer
from flora_sandbox.settings import Settings

# The sandbox is a thread of this process: what it draws at random meanwhile is nothing that the strategies did.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


LIMITS = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
OPERATIONS = [found.ok() for found in schemathesis.openapi.from_dict(application().openapi()).get_all_operations()]


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory) -> Iterator[SandboxServer]:
    with SandboxServer(tmp_path_factory.mktemp("fuzz"), Settings(input_timeout=0.2)) as sandbox:
        yield sandbox


def answers_as_documented(operation: APIOperation, sandbox: SandboxServer, limits: settings) -> None:
    """Fuzz one operation."""
    headers = {"Authorization": f"Bearer {sandbox.api_key}"}

    @limits
    @given(operation.as_strategy())
    def fuzz(case: Case) -> None:
        answer = case.call_and_validate(base_url=sandbox.url, headers=headers, checks=CHECKS)
        assert answer.headers["request-id"][0].startswith("req_")

    fuzz()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_operation_answers_fuzzed_requests_as_documented(fuzzed, operation):
    answers_as_documented(operation, fuzzed, settings(max_examples=8, derandomize=True, **LIMITS))


@pytest.mark.drill
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_operation_answers_many_fuzzed_requests_as_documented(fuzzed, operation):
    answers_as_documented(operation, fuzzed, settings(max_examples=300, **LIMITS))


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
