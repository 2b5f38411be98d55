"""What a walk will do, and what it will cost: known before the first run is paid for.

`planner.py` makes a plan; once its steps are done, `resolving.py` says where each input of the next comes from.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from pydantic import Field

from florist.frozen import FrozenModel
from florist.pipelines.fitting import PlannedInput
from florist.pipelines.generations import PlannedGeneration
from florist.pipelines.references import Template
from florist.pipelines.sources import InputSource
from florist.pipelines.wiring import longest_chain
from florist.wording import shortened


class PlannedStep(FrozenModel):
    """One cell of a row: a step at one place on its axes, ready to run as soon as the cells it needs are done.

    Attributes:
        name: unique within the row, and what everybody calls it: `still` or, on an axis, `still@playful`.
        step: what the pipeline calls the step.
        axes: its value on each axis; of `variations`, the number, under `variation`, and that of an earlier step
            under `<step>.variation`.
        needs: the cells whose outputs it takes, by their names.
        generation: what is run where it is no technique; `technique` and `technique_id` name its model then.
        price_usd: None where FLORA tells none.
        ceiling_usd: what the pipeline says that one run may cost at most.
    """

    name: str
    step: str = Field(default_factory=lambda data: data.get("name", ""))
    axes: Mapping[str, str] = {}
    technique: str
    technique_id: str
    technique_name: str = ""
    generation: PlannedGeneration | None = None
    description: str = ""
    inputs: tuple[PlannedInput, ...] = ()
    needs: tuple[str, ...] = ()
    timeout: float | None = None
    price_usd: Decimal | None = None
    ceiling_usd: Decimal | None = None


class PlanRow(NamedTuple):
    """A cell as a table shows it."""

    step: str
    axes: str
    technique: str
    needs: str
    inputs: str
    price_usd: Decimal | None


class Plan(FrozenModel):
    """The cells of one walk, each after all it needs."""

    pipeline: str
    steps: tuple[PlannedStep, ...]

    @property
    def price_usd(self) -> Decimal:
        """What the walk costs if every step runs once; without the `unpriced` steps."""
        return sum((step.price_usd for step in self.steps if step.price_usd is not None), Decimal(0))

    @property
    def unpriced(self) -> tuple[str, ...]:
        """The steps whose price FLORA does not tell."""
        return tuple(step.name for step in self.steps if step.price_usd is None)

    @property
    def longest_chain(self) -> tuple[str, ...]:
        """The longest sequence of steps that cannot run side by side."""
        return longest_chain({step.name: step.needs for step in self.steps})

    def table(self) -> tuple[PlanRow, ...]:
        """Return a row for each step; the fields of `PlanRow` are the headings. No signed URL is in it."""
        return tuple(
            PlanRow(
                step.name,
                ", ".join(f"{axis}={shortened(value)}" for axis, value in step.axes.items()),
                step.technique,
                ", ".join(step.needs),
                ", ".join(f"{entry.id} ← {_shown(entry.value)}" for entry in step.inputs),
                step.price_usd,
            )
            for step in self.steps
        )


def _shown(value: InputSource | Template) -> str:
    if not isinstance(value, Template):
        return str(value)
    return ", ".join(dict.fromkeys(output.step for output in value.outputs))
