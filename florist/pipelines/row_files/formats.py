"""Which format a row file is in: by its name, else by what the server calls it, else as the pipeline says."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import get_args

from florist.pipelines.row_files.delimited import delimited_table
from florist.pipelines.row_files.json_lines import json_lines_table
from florist.pipelines.row_files.keyed_rows import keyed_table
from florist.pipelines.row_files.records import Table, unreadable
from florist.pipelines.row_files.workbook import workbook_table
from florist.pipelines.row_mapping import RowFormat, RowMapping
from florist.wording import quoted

_BY_SUFFIX: Mapping[str, RowFormat] = {
    ".csv": "csv", ".txt": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".yaml": "yaml", ".yml": "yaml", ".json": "yaml", ".xlsx": "xlsx", ".xlsm": "xlsx",
}  # fmt: skip
_BY_MEDIA_TYPE: Mapping[str, RowFormat] = {
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/jsonl": "jsonl",
    "application/x-ndjson": "jsonl",
    "application/json": "yaml",
    "application/yaml": "yaml",
    "application/x-yaml": "yaml",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}
SUFFIXES = tuple(_BY_SUFFIX)
_OTHERS = {".xls": ".xlsx", ".ods": ".xlsx", ".numbers": ".xlsx"}


def row_format(file_name: str, name: str, *, media_type: str, given: RowFormat | None) -> RowFormat:
    """Return the format of a row file.

    Args:
        file_name: the last segment of its path or URL.
        media_type: what a server calls it; empty if none did.
        given: what the pipeline calls it.

    Raises:
        PipelineFileError: nobody tells, or it is a format that is not read.
    """
    suffix = Path(file_name).suffix.lower()
    if suffix in _OTHERS:
        raise unreadable(name, f"{suffix} is not read; save it as {_OTHERS[suffix]}, or as CSV UTF-8")
    if media_type.startswith("text/html"):
        raise unreadable(name, "is a web page, no table; is the file open to whoever has the link?")
    found = _BY_SUFFIX.get(suffix) or _BY_MEDIA_TYPE.get(media_type.partition(";")[0].strip().lower()) or given
    if found is None and not suffix and not media_type:
        return "yaml"  # of a local file without an ending
    if found is None:
        formats = ", ".join(get_args(RowFormat))
        told = f"its ending {quoted(suffix)}" if suffix else f"its type {quoted(media_type)}"
        raise unreadable(
            name, f"{told} tells no format; write `rows: {{format: csv}}` in the pipeline ({formats})"
        )
    return found


def opened_table(path: Path, name: str, found: RowFormat, mapping: RowMapping) -> AbstractContextManager[Table]:
    """Open a row file of this format; see its module for what can be wrong."""
    match found:
        case "csv":
            return delimited_table(path, name, encoding=mapping.encoding)
        case "tsv":
            return delimited_table(path, name, encoding=mapping.encoding, delimiter="\t")
        case "jsonl":
            return json_lines_table(path, name, encoding=mapping.encoding)
        case "xlsx":
            return workbook_table(path, name, sheet=mapping.sheet)
        case "yaml":
            return keyed_table(path, name)
