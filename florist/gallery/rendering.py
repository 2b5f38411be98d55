"""Renders a sheet as one HTML page that needs nothing but itself and the media that it shows.

Its styles and scripts stand in it, and its Content Security Policy names their hashes, so that nothing else runs.
Whatever came from outside reaches it as JSON, or through Jinja's autoescape, and is put on the page as text.
"""

import base64
import hashlib
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import NamedTuple
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from florist.amounts import shown_usd
from florist.gallery.links import Links, Review
from florist.gallery.packing import packed_json
from florist.gallery.sheet import MISSING, CellState, Sheet
from florist.wording import without_controls

_STYLES = ("vendor/photoswipe/photoswipe.css", "static/sheet.css")
_LIBRARIES = ("vendor/photoswipe/photoswipe.umd.min.js",)
_SCRIPTS = (
    "data",
    "elements",
    "media",
    "grid",
    "filters",
    "zoom",
    "takes",
    "details",
    "picks",
    "compare",
    "keys",
    "start",
)
"""Parts of one script, in this order; each is `static/<name>.js`."""


class _Inline(NamedTuple):
    """A style or script, and its hash as a Content Security Policy names it."""

    source: str
    hash: str


def render_sheet(sheet: Sheet, *, links: Links, review: Review | None = None) -> str:
    """Return the page.

    Args:
        review: where picks are posted; None for a page that keeps them, and offers them as picks.json.
    """
    styles, scripts = [_inline(name) for name in _STYLES], [*map(_inline, _LIBRARIES), _own_script()]
    states = sheet.states
    return (
        _templates()
        .get_template("sheet.html.j2")
        .render(
            sheet=sheet,
            cells=states.total(),
            kept=states[CellState.KEPT],
            missing=sum(states[state] for state in MISSING),
            waiting=states[CellState.WAITING] + states[CellState.IN_DOUBT],
            is_served=review is not None,
            until=links.until,
            home=review.home if review else "",
            data=Markup(packed_json(sheet, links, review)),  # noqa: S704 - escaped for where it stands
            styles=[Markup(style.source) for style in styles],  # noqa: S704 - our own files
            scripts=[Markup(script.source) for script in scripts],  # noqa: S704 - our own files
            policy=_policy(sheet, links, review, styles, scripts),
        )
    )


def _policy(
    sheet: Sheet, links: Links, review: Review | None, styles: list[_Inline], scripts: list[_Inline]
) -> str:
    """Return the Content Security Policy: what stands in the page runs, and media come from where links lead."""
    shown = " ".join(sorted(_origins(sheet, links)))
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(script.hash for script in scripts)}",
            f"style-src {' '.join(style.hash for style in styles)}",
            f"img-src {shown}",
            f"media-src {shown}",
            f"connect-src {_origin(review.url) if review else chr(39) + 'none' + chr(39)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _origins(sheet: Sheet, links: Links) -> set[str]:
    found = {"'self'"}
    for media in sheet.media():
        for link in (links.original(media.key), links.preview(media.sha256), links.poster(media.sha256)):
            if link:
                found.add(_origin(link))
    return found


def _origin(link: str) -> str:
    parts = urlsplit(link)
    if not parts.scheme:
        return "'self'"
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("florist.gallery"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters["usd"] = shown_usd
    environment.filters["moment"] = _moment
    return environment


def _shown(value: object) -> object:
    return without_controls(value) if type(value) is str else value  # not Markup, which is ours


def _moment(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"


@cache
def _inline(name: str) -> _Inline:
    return _hashed(files("florist.gallery").joinpath(name).read_text(encoding="utf-8"))


@cache
def _own_script() -> _Inline:
    parts = (_inline(f"static/{name}.js").source for name in _SCRIPTS)
    return _hashed("(() => {\n'use strict';\n" + "\n".join(parts) + "})();\n")


def _hashed(source: str) -> _Inline:
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    return _Inline(source, f"'sha256-{digest}'")
