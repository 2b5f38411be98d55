"""Turns links out of docs/ into plain names: what they lead to is in the checkout, and not on the site."""

import posixpath
import re
from typing import Any

_LINK = re.compile(r"\[([^\]]+)\]\((?!\w+:|#)([^)#\s]+)[^)]*\)")


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Hook of MkDocs: called for each page before it is rendered."""
    folder = posixpath.dirname(page.file.src_uri)

    def shown(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, link[2]))
        return f"`{target.removeprefix('../')}`" if target.startswith("../") else link[0]

    return _LINK.sub(shown, markdown)
