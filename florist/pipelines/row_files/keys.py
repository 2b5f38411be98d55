"""The keys of rows: each names one row in the ledger, in the archive's folders and in all that people read."""

import sqlite3
import unicodedata
from typing import Self

from florist.pipelines.problems import Position

KEY_CHARACTERS_AT_MOST = 200


def row_key(text: str) -> str:
    """Return a key in its one spelling: Unicode's NFC, without blanks at its ends.

    Two spellings that look alike must not be two rows, of which the second is paid for anew.
    """
    return unicodedata.normalize("NFC", text).strip()


def key_fault(key: str) -> str | None:
    """Return why a key cannot name a row; None if it can."""
    if not key:
        return "a row needs a key, and this one has none"
    if len(key) > KEY_CHARACTERS_AT_MOST:
        return f"a row's key has at most {KEY_CHARACTERS_AT_MOST} characters, and this one {len(key)}"
    if not key.isprintable():
        return "a row's key is plain text on one line"
    return None


class SeenKeys:
    """The keys of all rows so far, on disk once they are many: a million need no memory to speak of."""

    def __init__(self) -> None:
        # A database without a name is a temporary file of SQLite's own, which vanishes with the connection.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("CREATE TABLE seen (key TEXT PRIMARY KEY, line INT, place INT) WITHOUT ROWID")
        self._database.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def first(self, key: str, position: Position) -> Position | None:
        """Take note of a key; return where it stood before, None if it is new."""
        added = self._database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", (key, *position))
        if added.rowcount:
            return None
        line, place = self._database.execute("SELECT line, place FROM seen WHERE key = ?", (key,)).fetchone()
        return Position(line, place)
