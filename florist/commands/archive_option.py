"""The options that commands share: where the archive is, and whether JSON is printed."""

from typing import Annotated

from cyclopts import Parameter

from florist.stores.locations import OPTION_NAMES

DEFAULT_ARCHIVE = "florist-archive"

_HELP = (
    "Where outputs and ledger are kept: a folder, or s3://bucket/prefix. An S3 location takes options, as in "
    f"s3://bucket/prefix?endpoint_url=https://…&region=…: {', '.join(OPTION_NAMES)}."
)

Archive = Annotated[str, Parameter(help=_HELP)]
AsJson = Annotated[bool, Parameter(name="--json", negative=(), help="Print JSON.")]
