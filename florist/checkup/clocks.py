"""Compares this machine's clock with others: signatures, schedules and dates of campaigns are made by it."""

from datetime import datetime, timedelta

from florist.checkup.finding import Finding, fail, ok, warn

NOTICED_FROM = timedelta(seconds=30)
REFUSED_FROM = timedelta(minutes=15)
"""S3 refuses requests that were signed further off."""

_MEND = "set this machine's clock, and keep it set (timedatectl set-ntp true)"


def clock_finding(name: str, *, here: datetime, there: datetime) -> Finding:
    """Return how far this clock is from another one, which is known to about a second."""
    behind = there - here
    told = f"this machine's is {abs(behind).total_seconds():.0f} s {'behind' if behind > timedelta() else 'ahead'}"
    if abs(behind) >= REFUSED_FROM:
        return fail(name, told, _MEND)
    if abs(behind) >= NOTICED_FROM:
        return warn(name, told, _MEND)
    return ok(name, "as this machine's")
