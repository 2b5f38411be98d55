"""CSV for spreadsheets: RFC 4180, and safe against formulas that hide in names and texts."""

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for one, wide characters too. Source: OWASP, "CSV Injection"."""

Cell = str | int | Decimal | None


def csv_text(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return a table as CSV with CRLF line ends. Texts may be anybody's; numbers are written as they are."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(headings)
    writer.writerows([_written(cell) for cell in row] for row in rows)
    return text.getvalue()


def _written(cell: Cell) -> str:
    if isinstance(cell, str):
        # An apostrophe makes it a text to Excel, LibreOffice and Google Sheets.
        return f"'{cell}" if cell.startswith(_BEGINS_A_FORMULA) else cell
    if isinstance(cell, Decimal):
        exact = f"{cell.normalize():f}"
        return f"{cell:.2f}" if len(exact.partition(".")[2]) <= 2 else exact
    return "" if cell is None else str(cell)
