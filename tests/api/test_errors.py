"""What an error says about the request: whether it may have been processed."""

import pickle

import pytest

from florist.api.errors import (
    AmbiguousRequestError,
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    IdempotencyConflictError,
    IdempotencyDuplicateError,
    Processed,
    RateLimitError,
)


@pytest.mark.parametrize(
    ("error", "processed"),
    [
        (APIError("?"), Processed.UNKNOWN),
        (APIConnectionError("no route"), Processed.NO),
        (APITimeoutError("no place"), Processed.NO),
        (AmbiguousRequestError("lost"), Processed.UNKNOWN),
        (AmbiguousRequestError("lost", status=408), Processed.UNKNOWN),
        (AmbiguousRequestError("no run in it", status=201), Processed.YES),
        (APIResponseValidationError("odd"), Processed.YES),
        (RateLimitError("slow", status=429), Processed.NO),
        (APIStatusError("teapot", status=418), Processed.NO),
        (APIStatusError("timeout", status=408), Processed.UNKNOWN),
        (APIStatusError("down", status=503), Processed.UNKNOWN),
        (APIStatusError("elsewhere", status=307), Processed.UNKNOWN),
        (APIStatusError("odd", status=500, code="idempotency_conflict"), Processed.BEFORE),
        (IdempotencyDuplicateError("again", status=409), Processed.BEFORE),
        (IdempotencyConflictError("again", status=422), Processed.BEFORE),
    ],
)
def test_error_says_whether_its_request_was_processed_pickled_too(error, processed):
    assert (error.processed, pickle.loads(pickle.dumps(error)).processed) == (processed, processed)
