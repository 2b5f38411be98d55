"""The sandbox fuzzed against its own OpenAPI document."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, openapi
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

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
LIMITS = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
OPERATIONS = [found.ok() for found in openapi.from_dict(application().openapi()).get_all_operations()]


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
