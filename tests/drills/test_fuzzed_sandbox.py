"""The sandbox fuzzed against its OpenAPI document: many requests to each operation."""

import pytest
from hypothesis import settings

from tests.flora_sandbox.fuzzing import LIMITS, OPERATIONS, answers_as_documented, fuzzed

__all__ = ["fuzzed"]


@pytest.mark.drill
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_operation_answers_many_fuzzed_requests_as_documented(fuzzed, operation):
    answers_as_documented(operation, fuzzed, settings(max_examples=300, **LIMITS))
