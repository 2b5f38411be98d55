"""Packs a sheet as the JSON that the page unpacks: texts that repeat stand there once, links as what they add.

A thousand rows of four cells have to stay below 3 MB, presigned. `static/data.js` is the other half.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from florist.gallery.links import Links, Review
from florist.gallery.sheet import (
    CellState,
    Sheet,
    SheetCell,
    SheetGate,
    SheetInput,
    SheetMedia,
    SheetPick,
    SheetRow,
)
from florist.pipelines.models import MAX_VARIATIONS

TEXT_BUDGET = 1_200_000
"""Characters of prompts and texts in one page; where there are more, the long ones are cut."""
TEXT_LENGTHS = (4000, 2000, 1000, 500, 250, 120)
CUT = "…"

Packed = list[Any] | dict[str, Any] | str | int | float | None
"""JSON."""


def packed_json(sheet: Sheet, links: Links, review: Review | None) -> str:
    """Return the sheet as JSON that may stand in a script element."""
    packed = json.dumps(_Packer(sheet, links).packed(review), ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        packed = packed.replace(character, f"\\u{ord(character):04x}")
    # A lone surrogate is no character that could be encoded; as an escape it is the same text to the page.
    return packed.encode("utf-8", "backslashreplace").decode()


class _Packer:
    """One page's tables of texts and links."""

    def __init__(self, sheet: Sheet, links: Links) -> None:
        self._sheet = sheet
        self._links = links
        self._texts: dict[str, int] = {"": 0}
        self._columns = {column.cell: number for number, column in enumerate(sheet.columns)}
        self._states = {state: number for number, state in enumerate(CellState)}
        self._longest = _longest_text(sheet)
        self._originals = _Stem()
        self._previews = _Stem()
        self._posters = _Stem()

    def packed(self, review: Review | None) -> dict[str, Packed]:
        sheet = self._sheet
        rows = [self._row(row) for row in sheet.rows]
        return {
            "campaign": sheet.campaign,
            "archive": sheet.archive,
            "against": sheet.against,
            "until": _moment(self._links.until),
            "review": None
            if review is None
            else {"url": review.url, "reviewer": review.reviewer, "takes": review.takes},
            "longest": self._longest,
            "mostVariations": MAX_VARIATIONS,
            "states": [str(state) for state in CellState],
            "columns": [[column.cell, column.step, dict(column.axes)] for column in sheet.columns],
            "rows": rows,
            "originals": self._originals.before_and_after,
            "previews": self._previews.before_and_after,
            "posters": self._posters.before_and_after,
            # At last: all that stands above has been put into it.
            "texts": list(self._texts),
        }

    def _row(self, row: SheetRow) -> Packed:
        gates: list[Packed] = [[gate.step, gate.pick_min, gate.pick_max] for gate in _gates(row)]
        return _trimmed([row.key, list(map(self._cell, row.cells)), gates, list(map(self._cell, row.against))])

    def _cell(self, cell: SheetCell) -> Packed:
        return _trimmed(
            [
                self._columns[cell.cell],
                self._states[cell.state],
                list(map(self._media, cell.media)),
                _usd(cell.charged_usd),
                _usd(cell.price_usd),
                self._text(cell.technique),
                cell.run_id,
                _moment(cell.made_at),
                list(map(self._input, cell.inputs)),
                self._text(cell.reason),
                self._text(cell.message),
                self._text(cell.advice),
                cell.earlier,
                None if cell.pick is None else _pick(cell.pick),
                None if cell.order is None else [cell.order.by, _moment(cell.order.at)],
            ]
        )

    def _media(self, media: SheetMedia) -> Packed:
        preview, poster = self._links.preview(media.sha256), self._links.poster(media.sha256)
        text = None if media.text is None else self._text(media.text)
        return _trimmed(
            [
                media.key,
                media.media_class,
                self._text(media.media_type),
                media.sha256,
                media.size_bytes,
                self._text(media.output_id),
                self._link(self._originals, self._links.original(media.key), quote(media.key, safe="/")),
                None if preview is None else self._link(self._previews, preview, media.sha256),
                None if poster is None else self._link(self._posters, poster, media.sha256),
                text,
                int(media.is_cut or len(media.text or "") > self._longest),
                self._text(media.warning or ""),
            ]
        )

    def _input(self, given: SheetInput) -> Packed:
        text = None if given.text is None else self._text(given.text)
        return _trimmed([self._text(given.id), text, self._text(given.source or ""), given.run_id, given.index])

    def _link(self, stem: "_Stem", link: str, middle: str) -> Packed:
        """Return a link as what it adds: 1 for nothing, a number and the rest for a query, else the link."""
        added = stem.added_by(link, middle)
        if added is None:
            return link
        if not added:
            return 1
        head, equals, tail = added.rpartition("=")
        return [self._text(head + equals), tail]

    def _text(self, text: str) -> int:
        """Return the place of a text in the table."""
        if len(text) > self._longest:
            text = text[: self._longest] + CUT
        return self._texts.setdefault(text, len(self._texts))


class _Stem:
    """What many links have in common, before and after what tells them apart."""

    def __init__(self) -> None:
        self.before_and_after: list[str] | None = None

    def added_by(self, link: str, middle: str) -> str | None:
        """Return what a link adds behind the common part; None where it has no such part."""
        path = link.partition("?")[0]
        before, found, after = path.rpartition(middle) if middle else ("", "", "")
        if not found:
            return None
        if self.before_and_after is None:
            self.before_and_after = [before, after]
        return link[len(path) :] if self.before_and_after == [before, after] else None


def _longest_text(sheet: Sheet) -> int:
    """Return how long a text may be for all of them to fit."""
    texts = {text for row in sheet.rows for cell in (*row.cells, *row.against) for text in _texts_of(cell)}
    lengths = [len(text) for text in texts]
    fits = (most for most in TEXT_LENGTHS if sum(min(length, most) for length in lengths) <= TEXT_BUDGET)
    return next(fits, TEXT_LENGTHS[-1])


def _texts_of(cell: SheetCell) -> Iterable[str]:
    yield from (media.text for media in cell.media if media.text)
    yield from (given.text for given in cell.inputs if given.text)
    yield cell.message


def _gates(row: SheetRow) -> Sequence[SheetGate]:
    """Return the gate that the row is at, and the others after it."""
    if row.gate is None:
        return ()
    return (row.gate, *(gate for gate in row.gates if gate.step != row.gate.step))


def _pick(pick: SheetPick) -> dict[str, Any]:
    return pick.model_dump(mode="json", exclude_defaults=True)


def _trimmed(values: Sequence[Packed]) -> Packed:
    """Return a list without what is empty at its end."""
    kept = list(values)
    while kept and kept[-1] in (None, "", 0, []):
        kept.pop()
    return kept


def _usd(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount.normalize():f}"


def _moment(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())
