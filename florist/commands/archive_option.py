"""The options that commands share: where the archive is, what a campaign may cost, and whether JSON is printed."""

from decimal import Decimal
from typing import Annotated

from cyclopts import Parameter, validators

from florist.stores.locations import OPTION_NAMES

DEFAULT_ARCHIVE = "florist-archive"

_HELP = (
    "Where outputs and ledger are kept: a folder, or s3://bucket/prefix. An S3 location takes options, as in "
    f"s3://bucket/prefix?endpoint_url=https://…&region=…: {', '.join(OPTION_NAMES)}."
)

Archive = Annotated[str, Parameter(help=_HELP)]
Budget = Annotated[Decimal | None, Parameter(validator=validators.Number(gte=0))]
AsJson = Annotated[bool, Parameter(name="--json", negative=(), help="Print JSON.")]
