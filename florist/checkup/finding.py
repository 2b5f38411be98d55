"""What a check has found, and how checks are called."""

from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum

from florist.errors import FloristError
from florist.frozen import FrozenModel
from florist.secrets import redacted


class Status(StrEnum):
    """How bad it is. `warn` is something to know; `fail` something that will go wrong."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(FrozenModel):
    """What one check has found: one line.

    Attributes:
        name: of what was looked at.
        mend: what to do about it; empty where nothing is.
    """

    name: str
    status: Status
    told: str
    mend: str = ""


Check = Callable[[], Awaitable[Finding]]


def ok(name: str, told: str) -> Finding:
    """Return that all is well."""
    return Finding(name=name, status=Status.OK, told=told)


def warn(name: str, told: str, mend: str) -> Finding:
    """Return something to know."""
    return Finding(name=name, status=Status.WARN, told=told, mend=mend)


def fail(name: str, told: str, mend: str) -> Finding:
    """Return something that will go wrong."""
    return Finding(name=name, status=Status.FAIL, told=told, mend=mend)


async def found_by(name: str, check: Check) -> Finding:
    """Call a check; one that breaks is a finding, too."""
    try:
        return await check()
    except FloristError as error:  # its message says what to do
        return fail(name, redacted(str(error)), "")
    except Exception as error:  # noqa: BLE001 - a checkup tells of the rest all the same
        return fail(name, redacted(f"could not be checked: {type(error).__name__}: {error}"), "report this")


async def found_in_order(first: tuple[str, Check], others: Sequence[tuple[str, Check]]) -> tuple[Finding, ...]:
    """Call checks one after the other; where the first fails, the others would only say the same."""
    findings = [await found_by(*first)]
    if findings[0].status is not Status.FAIL:
        findings += [await found_by(*each) for each in others]
    return tuple(findings)
