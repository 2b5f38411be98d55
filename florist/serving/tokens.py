"""Bearer tokens of reviewers: who a request is from, told from its cookie or header in constant time."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from florist.errors import ConfigurationError

LEAST_CHARACTERS = 20
"""Of a token that somebody makes; `florist serve` makes its own of 43."""

YOU = "you"
"""The reviewer's name where nobody gives tokens."""

_COOKIE_USE = b"florist serve: cookie"


class Tokens:
    """The tokens of one server, each a reviewer's.

    A cookie holds a keyed digest of the token: browsers send it to every port of this machine, and whoever listens
    at another must not learn the token from it.
    """

    def __init__(self, tokens: Mapping[str, SecretStr]) -> None:
        """Take a token for each reviewer, by name."""
        given = {name: secret.get_secret_value() for name, secret in tokens.items()}
        self._by_token = {_digest(token): name for name, token in given.items()}
        self._by_cookie = {_digest(_cookie(token)): name for name, token in given.items()}

    def reviewer_of_token(self, token: str) -> str | None:
        """Return whose token it is; None if it is nobody's."""
        return _found(self._by_token, token)

    def reviewer_of_cookie(self, cookie: str) -> str | None:
        """Return whose cookie it is; None if it is nobody's."""
        return _found(self._by_cookie, cookie)

    @staticmethod
    def cookie_for(token: str) -> str:
        """Return the value of the cookie that stands for a token."""
        return _cookie(token)


def new_token() -> SecretStr:
    """Return a token that nobody can guess."""
    return SecretStr(secrets.token_urlsafe(32))


def tokens_in(path: Path) -> dict[str, SecretStr]:
    """Read a file with a line `name token` for each reviewer; empty lines and comments (#) are none.

    Raises:
        ConfigurationError: it cannot be read, or a line is not like that, or is a second of its name.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the token file {path} cannot be read: {error}") from error
    found: dict[str, SecretStr] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, _, token = line.strip().rpartition(" ")
        fault = _fault(name.strip(), token, found)
        if fault:
            raise ConfigurationError(f"{path}:{number}: {fault}; a line is `name token`")
        found[name.strip()] = SecretStr(token)
    if not found:
        raise ConfigurationError(f"{path} has no token; write a line `name token` for each reviewer")
    return found


def _fault(name: str, token: str, found: Mapping[str, SecretStr]) -> str:
    if not name:
        return "there is a name or a token alone"
    if name in found:
        return f"{name!r} has a token already"
    if len(token) < LEAST_CHARACTERS or not token.isascii():
        return f"a token has {LEAST_CHARACTERS} ASCII characters or more, as `openssl rand -hex 32` makes them"
    if any(token == other.get_secret_value() for other in found.values()):
        return "the same token is another reviewer's already"
    return ""


def _found(names: Mapping[bytes, str], secret: str) -> str | None:
    wanted, name = _digest(secret), None
    for known, whose in names.items():  # all of them: when it ends must not tell which one was near
        if hmac.compare_digest(known, wanted):
            name = whose
    return name


def _cookie(token: str) -> str:
    return hmac.new(token.encode(), _COOKIE_USE, hashlib.sha256).hexdigest()


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()
