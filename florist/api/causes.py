"""Strips errors of httpx's and of the system's of what must not be printed or kept."""

import httpx

from florist.secrets import redacted


def named(error: object) -> str:
    """Return kind and words of an error, with nothing secret in them."""
    return redacted(f"{type(error).__name__}: {error}").rstrip(": ")


def harmless(error: Exception) -> Exception:
    """Strip an error, and what caused it, of all that a printed or kept traceback must not hold; in place.

    Frames go: the locals in those of httpx and h11 hold the request's headers, the API key among them, and
    some reporters print locals. So does the request an error of httpx's carries, and URLs in its words.
    """
    links: list[BaseException | None] = [error]
    while links:
        if (link := links.pop()) is not None and link.__traceback__ is not None:
            link.__traceback__ = None
            link.args = tuple(redacted(word) if isinstance(word, str) else word for word in link.args)
            if isinstance(link, httpx.RequestError):
                link._request = None
            links += [link.__cause__, link.__context__]
    return error
