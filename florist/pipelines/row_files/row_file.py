"""A row file on this machine: its bytes, what it is called, and the digest by which it is known again."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from florist.pipelines.errors import RowsChangedError
from florist.pipelines.file_text import opened_file
from florist.pipelines.row_files.formats import SUFFIXES, opened_table, row_format
from florist.pipelines.row_files.places import Base
from florist.pipelines.row_files.records import Table
from florist.pipelines.row_mapping import RowMapping


@dataclass(frozen=True, slots=True)
class RowFile:
    """A row file as it was when it was hashed; nothing of it is understood yet.

    Attributes:
        path: where its bytes are.
        name: what people know it as: the path as given, or what may be shown of a URL.
        base: where relative paths in it start.
        sha256: of its bytes. With the location, it is all that a flow needs to be told of its rows.
        media_type: what a server called it.
        stamp: by which a later writer is noticed.
    """

    path: Path
    name: str
    base: Base
    sha256: str
    media_type: str
    stamp: tuple[int, ...]

    @contextmanager
    def table(self, mapping: RowMapping) -> Iterator[Table]:
        """Open it as a table.

        Raises:
            PipelineFileError: it cannot be read.
            RowsChangedError: it is another one than it was, before or after its records were read.
        """
        file_name = (
            self.path.name if isinstance(self.base, Path) else self.base.partition("?")[0].rpartition("/")[2]
        )
        found = row_format(file_name, self.name, media_type=self.media_type, given=mapping.format)
        self._check_unchanged()
        with opened_table(self.path, self.name, found, mapping) as table:
            yield table
        self._check_unchanged()

    def _check_unchanged(self) -> None:
        try:
            stamp = _stamp(self.path.stat())
        except OSError:
            stamp = ()
        if stamp != self.stamp:
            raise RowsChangedError(f"{self.name} was changed while it was read; start again")


def row_file(path: Path, *, name: str = "", base: Base | None = None, media_type: str = "") -> RowFile:
    """Return the row file at a path, hashed.

    Args:
        name: what people know it as; the path if empty.
        base: where relative paths in it start; its folder if None.

    Raises:
        PipelineFileError: there is no such file, or it cannot be read.
    """
    shown = name or str(path)
    with opened_file(path, shown, like=SUFFIXES) as stream:
        stamp = _stamp(os.fstat(stream.fileno()))
        digest = hashlib.file_digest(stream, "sha256")
    return RowFile(path, shown, base or path.parent.absolute(), digest.hexdigest(), media_type, stamp)


def _stamp(told: os.stat_result) -> tuple[int, ...]:
    return told.st_ino, told.st_size, told.st_mtime_ns
