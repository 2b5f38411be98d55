"""Pagination by opaque cursor: keyset paging, where pages never shift, or offset paging, where they do."""

import base64
import json
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, Field

from flora_sandbox.problems import invalid
from flora_sandbox.settings import LARGEST_PAGE, Settings

Item = TypeVar("Item")


@dataclass(frozen=True)
class PageStart:
    """Where a page begins: after the run with this row number (keyset), or after so many items (offset)."""

    before: int | None = None
    offset: int = 0


class _Cursor(BaseModel):
    before: int | None = Field(default=None, strict=True, ge=0, lt=2**62)
    offset: int = Field(default=0, strict=True, ge=0, lt=2**62)

    def start(self) -> PageStart:
        return PageStart(self.before, self.offset)


def encoded(start: PageStart) -> str:
    """Return the cursor of a page that begins there."""
    value = {"before": start.before} if start.before is not None else {"offset": start.offset}
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def decoded(cursor: str | None) -> PageStart:
    """Return where the page of a cursor begins.

    Raises:
        Problem: 400, it is no cursor of ours.
    """
    if not cursor:
        return PageStart()
    try:
        return _Cursor.model_validate_json(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))).start()
    except ValueError as error:
        raise invalid(("cursor", "Invalid cursor")) from error


def page_size(limit: int | None, settings: Settings) -> int:
    """Return how many items a page holds."""
    return settings.page_size if limit is None else min(limit, LARGEST_PAGE)


def sliced(items: list[Item], cursor: str | None, size: int) -> tuple[list[Item], str | None]:
    """Return one page of a list that does not change, and the next cursor."""
    start = decoded(cursor).offset
    end = start + size
    return items[start:end], encoded(PageStart(offset=end)) if end < len(items) else None


def with_last_cursor(body: dict[str, object], settings: Settings) -> dict[str, object]:
    """Return a page's body with the last cursor spelled as the settings say."""
    meta = body["meta"]
    if isinstance(meta, dict) and "next_cursor" not in meta and settings.last_cursor != "missing":
        meta["next_cursor"] = None if settings.last_cursor == "null" else ""
    return body
