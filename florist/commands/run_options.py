"""The option that `florist run` and `florist rerun` share."""

from typing import Annotated

from cyclopts import Parameter, validators

AtLeastOne = Annotated[int | None, Parameter(validator=validators.Number(gte=1))]
