"""One TLS context a process: reading the certificates takes 20 ms, and every client would do it again."""

import os
import ssl
from functools import cache

import httpx


def trusted(*, trust_env: bool = True) -> ssl.SSLContext:
    """Return the context that trusts what httpx does: `SSL_CERT_FILE`, `SSL_CERT_DIR`, else certifi's list.

    Args:
        trust_env: whether the environment may name other authorities.
    """
    named = (os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")) if trust_env else (None, None)
    return _context(trust_env, named)


@cache
def _context(trust_env: bool, _named: tuple[str | None, str | None]) -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=trust_env)
