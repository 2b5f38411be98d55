"""Until when signed URLs open."""

from datetime import UTC, datetime, timedelta

import pytest

from florist.archive.expiry import expires_at, lasts
from florist.secrets import SignedUrl

AT = datetime(2026, 5, 4, 12, 10, tzinfo=UTC)
UNIX = int(AT.timestamp())


@pytest.mark.parametrize(
    "query",
    [
        "X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Date=20260504T120000Z&X-Goog-Expires=600&X-Goog-Signature=s",
        "X-Amz-Date=20260504T120000Z&X-Amz-Expires=600&X-Amz-Signature=s",
        "x-amz-expires=600&x-amz-date=20260504T120000Z",
        f"GoogleAccessId=a&Expires={UNIX}&Signature=s",
        f"AWSAccessKeyId=a&Signature=s&Expires={UNIX}",
        f"ik-t={UNIX}&ik-s=s",
        f"expires={UNIX}&signature=s",
        f"expires={UNIX}000",
    ],
)
def test_expires_at_reads_every_form_of_signed_url(query):
    assert expires_at(SignedUrl(f"https://media.test/a.png?{query}")) == AT


@pytest.mark.parametrize(
    "query",
    [
        "",
        "Expires=soon",
        "X-Amz-Date=20260504T120000Z",
        "X-Amz-Date=today&X-Amz-Expires=600",
        "expires=9" + "9" * 40,
        "expires=9" + "9" * 5000,
        "expires=-99999999999999999",
        "expires=9999999999999999",
        "ik-t=67768036191676799000",
        f"X-Amz-Date=20260504T120000Z&X-Amz-Expires={10**14}",
        "X-Amz-Date=99991231T235959Z&X-Amz-Expires=600",
    ],
)
def test_expires_at_of_a_url_that_does_not_say_is_none(query):
    assert expires_at(f"https://media.test/a.png?{query}") is None


def test_expires_at_of_what_is_no_url_is_none():
    assert expires_at("https://[::1?expires=1") is None


def test_expires_at_of_a_dropped_url_is_none():
    assert expires_at(SignedUrl(str(SignedUrl(f"https://media.test/a.png?expires={UNIX}")))) is None


def ending(seconds: int) -> SignedUrl:
    return SignedUrl(f"https://media.test/a.png?expires={UNIX + seconds}")


@pytest.mark.parametrize(
    ("url", "is_good"),
    [
        (ending(601), True),
        (ending(599), False),
        (ending(-1), False),
        (SignedUrl("https://media.test/a.png"), True),
        (SignedUrl("redacted:https://media.test/a.png"), False),
        (None, False),
    ],
    ids=["enough left", "too little left", "dead", "does not say", "dropped", "none"],
)
def test_url_lasts_if_it_outlives_the_wait(url, is_good):
    assert lasts(url, timedelta(minutes=10), now=AT) is is_good
