"""The options that `florist run` and `florist rerun` share."""

from decimal import Decimal
from typing import Annotated

from cyclopts import Parameter, validators

AtLeastOne = Annotated[int | None, Parameter(validator=validators.Number(gte=1))]
Budget = Annotated[Decimal | None, Parameter(validator=validators.Number(gte=0))]
