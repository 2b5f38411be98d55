"""Row files: spreadsheets and their kin, read as the rows of a pipeline.

Promises: rows are read in a stream, however many; all problems are told with file, line and column of the row
file; nothing that spends is guessed (encodings, keys, columns).
Start reading at `reading.py`; each format has a module of its own.
"""

from florist.pipelines.row_files.reading import Row, RowReading, row_cells
from florist.pipelines.row_files.row_file import RowFile, row_file

__all__ = ["Row", "RowFile", "RowReading", "row_cells", "row_file"]
