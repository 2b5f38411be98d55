"""Expiry of signed URLs, parsed from their query: until when one opens, without asking anyone."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from florist.api.wire_values import moment
from florist.secrets import SignedUrl

_RELATIVE = (("x-goog-date", "x-goog-expires"), ("x-amz-date", "x-amz-expires"))
"""Google's and Amazon's version 4: a moment of signing, and seconds from there."""

_ABSOLUTE = ("ik-t", "expires")
"""ImageKit's, and version 2 of Google and Amazon: unix seconds."""


def expires_at(url: SignedUrl | str) -> datetime | None:
    """Return the moment after which a URL is dead; None if it does not say, or was dropped."""
    if isinstance(url, SignedUrl):
        if url.is_dropped:
            return None
        url = url.reveal()
    try:
        fields = {name.lower(): value for name, value in parse_qsl(urlsplit(url).query)}
        return _relative(fields) or _absolute(fields)
    except (ValueError, OverflowError, OSError):  # whatever a moment far out of range ends in
        return None


def lasts(url: SignedUrl | None, needed: timedelta, *, now: datetime) -> bool:
    """Whether a URL is there and opens for as long as is needed; one that does not say is believed."""
    if url is None or url.is_dropped:
        return False
    ends_at = expires_at(url)
    return ends_at is None or ends_at - now >= needed


def _relative(fields: Mapping[str, str]) -> datetime | None:
    for signed, lasts in _RELATIVE:
        if signed in fields and lasts in fields:
            signed_at = datetime.strptime(fields[signed], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            return signed_at + timedelta(seconds=int(fields[lasts]))
    return None


def _absolute(fields: Mapping[str, str]) -> datetime | None:
    for name in _ABSOLUTE:
        if name in fields:
            found = moment(int(fields[name]))
            return found if isinstance(found, datetime) else None
    return None
