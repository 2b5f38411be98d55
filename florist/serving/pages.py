"""Pages of autoescaped templates, with a policy by which nothing but the server's own files is run or loaded."""

from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from florist.amounts import shown_usd
from florist.wording import without_controls

TEMPLATES = Path(__file__).parent / "templates"

PAGE_POLICY = (
    "default-src 'none'; img-src 'self' blob:; media-src 'self'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page."""
    return HTMLResponse(rendered(template, **values), status, {"content-security-policy": PAGE_POLICY})


def rendered(template: str, **values: Any) -> str:
    """Return a template filled in; every value is text, whatever is in it."""
    return _environment().get_template(template).render(values)


def unknown_page(*, again: str = "") -> HTMLResponse:
    """Return what somebody sees who has no token, or the wrong one.

    Args:
        again: where to go at once: they have followed a link of another site, and their browser has kept the
            cookie back. From this page it will not.
    """
    return page("unknown.html", 200 if again else 401, again=again, place="", reviewer="you")


def _shown(value: object) -> object:
    return without_controls(value) if type(value) is str else value  # not Markup, which is ours


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        finalize=_shown,
    )
    environment.filters["usd"] = shown_usd
    environment.filters["quoted"] = lambda name: quote(name, safe="")
    return environment
