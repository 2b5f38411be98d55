"""Reads single values of FLORA's answers: moments, amounts, ids, words.

A value that cannot be read never costs the run it stands in: an optional moment or amount is then none, and words
lose what would act on a terminal. An id is the exception: it becomes part of URLs, keys and metadata, so an answer
whose id cannot be kept is refused.

Source: the contract, "A run".
"""

import re
from datetime import UTC, datetime
from decimal import Decimal, DecimalException
from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from florist.secrets import printable, redacted

MILLISECONDS_FROM = 1e11
"""A moment above this is in milliseconds: in seconds it would be the year 5138."""
YEARS = range(1970, 3000)
"""Outside, a date is damaged or hostile, and reckoning with it overflows."""
MOST_USD = 1_000_000_000
MOST_DECIMAL_PLACES = 20

_SURROGATE = re.compile("[\ud800-\udfff]")
_ID = re.compile(r"[!-.0-~]{1,200}")


def moment(value: object) -> object:
    """Read FLORA's moments: unix seconds, unix milliseconds, or ISO 8601. 0, as in its examples, is none.

    Raises:
        ValueError: a number that is no moment. Text is left to pydantic.
    """
    if not isinstance(value, int | float) or isinstance(value, bool):
        return value
    if value == 0:
        return None
    try:
        read = datetime.fromtimestamp(value / 1000 if value > MILLISECONDS_FROM else value, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError("no moment of the calendar") from error
    return dated(read)


def dated(at: datetime) -> datetime:
    """Return an aware moment; one without a zone is in UTC.

    Raises:
        ValueError: damaged: centuries from now.
    """
    if at.year not in YEARS:
        raise ValueError("a moment centuries from now")
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def usd(value: object) -> Decimal:
    """Read an amount without passing through binary fractions: 0.1 becomes exactly `Decimal("0.1")`.

    Raises:
        ValueError: no amount: negative, endless, beyond all money, or no number at all.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError("no amount")  # noqa: TRY004 - pydantic wants it
    try:
        amount = Decimal(str(value))
    except DecimalException as error:
        raise ValueError("no amount") from error
    if not amount.is_finite() or not 0 <= amount < MOST_USD or _decimal_places(amount) > MOST_DECIMAL_PLACES:
        raise ValueError("no amount of money")
    return amount


def identifier(value: str) -> str:
    """Return an id of FLORA's that can stand in URLs, keys and metadata.

    Raises:
        ValueError: empty, too long, or with a slash or anything but visible ASCII.
    """
    if not _ID.fullmatch(value) or value in {".", ".."}:
        raise ValueError("no id: 1 to 200 visible ASCII characters, and no slash")
    return value


def _decimal_places(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _none_if_unreadable(value: object, read: ValidatorFunctionWrapHandler) -> object:
    try:
        return read(value)
    except ValidationError:
        return None


def _usd_or_none(value: object) -> Decimal | None:
    try:
        return usd(value)
    except ValueError:
        return None


def _encodable(text: str) -> str:
    return _SURROGATE.sub("�", text)


Moment = Annotated[datetime, BeforeValidator(moment), AfterValidator(dated)]
OptionalMoment = Annotated[Moment | None, WrapValidator(_none_if_unreadable)]
OptionalUsd = Annotated[Decimal | None, BeforeValidator(_usd_or_none)]
OptionalNumber = Annotated[Annotated[float, Field(allow_inf_nan=False)] | None, WrapValidator(_none_if_unreadable)]
Id = Annotated[str, AfterValidator(identifier)]
Words = Annotated[str, AfterValidator(printable)]
"""A name or description of FLORA's."""
Text = Annotated[str, AfterValidator(_encodable)]
"""Text that is kept as it came, but for lone surrogates, which no file can hold."""
ShownText = Annotated[str, AfterValidator(redacted)]
"""Words of FLORA's for people, which may quote the signed URL of an input."""
