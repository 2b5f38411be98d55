import random
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from florist.api.retries import (
    LONGEST_BACKOFF,
    RATE_LIMIT_DELAY,
    SHORTEST_DELAY,
    Effect,
    Kind,
    Trouble,
    Verdict,
    retry_after_seconds,
    retry_delay,
    trouble_with_connection,
    verdict_on,
)

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
AGAIN, REFUSED, AMBIGUOUS = Verdict.AGAIN, Verdict.REFUSED, Verdict.AMBIGUOUS


def answered(status, code=""):
    return Trouble(Kind.ANSWERED, status=status, code=code)


TABLE = [
    (Trouble(Kind.NEVER_SENT), (AGAIN, AGAIN, AGAIN)),
    (Trouble(Kind.BROKEN), (AGAIN, AGAIN, AMBIGUOUS)),
    (answered(408), (AGAIN, AGAIN, AMBIGUOUS)),
    (answered(429), (AGAIN, AGAIN, AGAIN)),
    (answered(500), (AGAIN, AGAIN, AMBIGUOUS)),
    (answered(503), (AGAIN, AGAIN, AMBIGUOUS)),
    (answered(501), (REFUSED, REFUSED, AMBIGUOUS)),
    (answered(307), (REFUSED, REFUSED, AMBIGUOUS)),
    (answered(400), (REFUSED, REFUSED, REFUSED)),
    (answered(402), (REFUSED, REFUSED, REFUSED)),
    (answered(404), (REFUSED, REFUSED, REFUSED)),
    (answered(409), (REFUSED, REFUSED, REFUSED)),
    (answered(429, "idempotency_duplicate"), (REFUSED, REFUSED, REFUSED)),
    (answered(500, "idempotency_conflict"), (REFUSED, REFUSED, REFUSED)),
]


@pytest.mark.parametrize(("trouble", "verdicts"), TABLE, ids=str)
def test_verdict_on_trouble_depends_on_what_the_request_does(trouble, verdicts):
    assert tuple(verdict_on(trouble, effect) for effect in Effect) == verdicts


@pytest.mark.parametrize("error", [httpx.ConnectError(""), httpx.ConnectTimeout(""), httpx.PoolTimeout("")])
def test_trouble_before_sending_never_left_us(error):
    assert trouble_with_connection(error).kind is Kind.NEVER_SENT


@pytest.mark.parametrize(
    "error",
    [
        httpx.WriteError(""),
        httpx.WriteTimeout(""),
        httpx.ReadError(""),
        httpx.ReadTimeout(""),
        httpx.RemoteProtocolError(""),
        TimeoutError(),
        OSError(),
    ],
)
def test_trouble_after_sending_began_may_have_arrived(error):
    assert trouble_with_connection(error).kind is Kind.BROKEN


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("Sun, 22 Nov 2026 12:00:09 GMT", 9.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_retry_after_header_in_each_form_is_read(header, seconds):
    assert retry_after_seconds(header, now=NOW) == seconds


def test_retry_delay_after_429_without_header_is_five_seconds():
    assert retry_delay(answered(429), 0, random.Random()) == RATE_LIMIT_DELAY


def test_retry_delay_with_header_is_what_was_asked_for():
    assert retry_delay(Trouble(Kind.ANSWERED, status=503, retry_after=11), 0, random.Random()) == 11


@given(attempt=st.integers(0, 10_000), seed=st.integers())
def test_retry_delay_of_any_attempt_stays_within_its_bounds(attempt, seed):
    delay = retry_delay(Trouble(Kind.BROKEN), attempt, random.Random(seed))
    assert SHORTEST_DELAY <= delay <= min(LONGEST_BACKOFF, 0.5 * 2.0 ** min(attempt, 20))
