"""Secret values that do not print, and the redaction of any text from outside that is shown to people."""

import copyreg
import re
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import GetCoreSchemaHandler, SecretStr
from pydantic_core import CoreSchema, core_schema

from florist.errors import DroppedUrlError

_REDACTED = "redacted:"
_URL = re.compile(r"https?://[^\s\"'<>(){}]+", re.IGNORECASE)
_TOKEN = re.compile(r"\b(sk_live_|sk_test_|whsec_|Bearer\s+)\S+", re.IGNORECASE)


class SignedUrl:
    """A URL that opens a paid output to whoever holds it.

    Prints as host and file name alone, in `repr`, `str` and JSON, and leaves the URL itself behind when
    pickled: `reveal` on what comes back raises `DroppedUrlError`, and reading the run again brings a
    fresh one.

    Example: docs/client.md, "Inputs".
    """

    __slots__ = ("_shown", "_url")

    def __init__(self, url: str) -> None:
        dropped = url.startswith(_REDACTED)
        self._url = None if dropped else url
        self._shown = url if dropped else _REDACTED + shown_url(url)

    def reveal(self) -> str:
        """Return the URL itself.

        Raises:
            DroppedUrlError: this one came out of a pickle or JSON. Read the run again.
        """
        if self._url is None:
            raise DroppedUrlError(
                f"{self._shown} was stored without its secret; read the run again for a fresh URL"
            )
        return self._url

    @property
    def is_dropped(self) -> bool:
        """Whether the URL itself was left behind in a pickle or in JSON."""
        return self._url is None

    @property
    def host(self) -> str:
        """The host name, which is no secret."""
        return urlsplit(self._shown.removeprefix(_REDACTED)).hostname or ""

    @property
    def file_name(self) -> str:
        """The last segment of the path; may be empty."""
        return self._shown.rsplit("/", 1)[-1]

    def __str__(self) -> str:
        return self._shown

    def __repr__(self) -> str:
        return f"SignedUrl({self._shown!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SignedUrl) and (self._url, self._shown) == (other._url, other._shown)

    def __hash__(self) -> int:
        return hash((self._url, self._shown))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, cls) else cls(_text(value)),
            serialization=core_schema.to_string_ser_schema(),
            json_schema_input_schema=core_schema.str_schema(),
        )


copyreg.pickle(SignedUrl, lambda url: (SignedUrl, (str(url),)))


def shown_url(url: str) -> str:
    """Return what may be shown of a URL: scheme, host and file name.

    The directories go too: a store may well make them the secret.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    directory, _, name = parts.path.rpartition("/")
    return printable(f"{parts.scheme}://{host}{'/…' if directory else ''}/{name}")


def hidden(secret: str | SecretStr) -> SecretStr:
    """Return a secret as a value that does not print."""
    return secret if isinstance(secret, SecretStr) else SecretStr(secret)


def printable(text: str) -> str:
    """Return a text from outside with each character replaced that would act on a terminal, a log or an encoder.

    Among them are escape sequences, carriage returns, marks of writing direction, and lone surrogates.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in "\n\t" else " " if one.isspace() else "�" for one in text)


def redacted(text: str) -> str:
    """Return a text from outside that may be shown: printable, its URLs shortened and its keys struck out."""
    shown = _URL.sub(lambda match: _shown_or_nothing(match.group()), printable(text))
    return _TOKEN.sub(lambda match: f"{match.group(1)}…", shown)


def _shown_or_nothing(url: str) -> str:
    try:
        return shown_url(url)
    except ValueError:  # e.g. an unclosed bracket where an IPv6 address should be
        return "…"


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"a URL is text, not {type(value).__name__}")  # noqa: TRY004 - pydantic wants it
    return value
