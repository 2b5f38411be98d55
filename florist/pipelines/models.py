"""A pipeline as its file gives it: params, and steps that take them and each other's outputs."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from pydantic import ConfigDict, Field

from florist.api.models import GenerationType, MediaKind
from florist.frozen import FrozenModel
from florist.pipelines.campaign_defaults import CampaignDefaults
from florist.pipelines.delivery_names import DeliveryNames
from florist.pipelines.problems import FieldPath, Position, Problem, problem_at
from florist.pipelines.references import OutputReference, ParamReference, Template
from florist.pipelines.row_mapping import RowMapping
from florist.pipelines.schedules import Schedule

LONGEST_TIMEOUT = 30 * 24 * 3600.0
"""Seconds. Far beyond any queue, and what is added to a moment stays a moment."""

MODELS = "models/"
PROMPT = "prompt"
"""The input of a generation that is no setting of its model."""

MAX_VARIATIONS = 100
"""Of one step in one row. Far beyond what anybody looks through."""


class Param(FrozenModel):
    """What a pipeline is run with. An empty value is no value. A `list` of texts gives an axis its values."""

    model_config = ConfigDict(extra="forbid")

    title: str = ""
    type: MediaKind = MediaKind.TEXT
    description: str = ""
    default: str | None = None
    optional: bool = False
    choices: tuple[str, ...] = ()
    list: bool = False


AxisValues = tuple[str, ...] | ParamReference
"""What an axis goes over: texts, or a list param."""


class Generation(FrozenModel):
    """One call of a single model. Its prompt and settings are the inputs of its step."""

    model_config = ConfigDict(extra="forbid")

    model: str
    type: GenerationType


class Gate(FrozenModel):
    """How many of a step's cells people pick, row by row, before anything is made of them.

    Attributes:
        pick_min: with fewer picks a row waits.
        pick_max: more than these are not taken.
    """

    model_config = ConfigDict(extra="forbid")

    pick_min: int = Field(ge=1)
    pick_max: int = Field(ge=1)

    @property
    def words(self) -> str:
        """What a pipeline's file says: `1..2`, `1`."""
        return f"{self.pick_min}..{self.pick_max}" if self.pick_min != self.pick_max else str(self.pick_min)


class Step(FrozenModel):
    """One technique to run, or one generation. `timeout` is in seconds; None leaves it to whoever walks.

    Attributes:
        ceiling_usd: what one run may cost at most, where FLORA tells no price.
        axes: what it is repeated over within a row, as its `for:` says; what it needs may have further ones.
        variations: how often each is made, of the same inputs.
        gate: people pick among its cells; what takes its outputs is made for the picked ones alone.
    """

    model_config = ConfigDict(extra="forbid")

    technique: str = ""
    generation: Generation | None = None
    description: str = ""
    inputs: Mapping[str, tuple[Template, ...]] = {}
    axes: Mapping[str, AxisValues] = {}
    variations: int = Field(default=1, ge=1, le=MAX_VARIATIONS)
    gate: Gate | None = None
    timeout: float | None = Field(default=None, gt=0, le=LONGEST_TIMEOUT)
    ceiling_usd: Decimal | None = Field(default=None, gt=0)

    @property
    def named(self) -> str:
        """The slug or id of the technique or model that it names."""
        return self.generation.model if self.generation else self.technique

    @property
    def definition(self) -> str:
        """Under which name its definition is known: the technique's own, and `models/<id>` of a model."""
        return f"{MODELS}{self.generation.model}" if self.generation else self.technique

    def place(self, input_id: str) -> FieldPath:
        """Return where the value of an input stands, below the step."""
        if self.generation is None:
            return "inputs", input_id
        return ("generation", input_id) if input_id == PROMPT else ("generation", "params", input_id)

    def templates(self) -> Iterator[tuple[FieldPath, Template]]:
        """Yield each value with its path below the step."""
        for input_id, values in self.inputs.items():
            for index, template in enumerate(values):
                place = self.place(input_id)
                yield (*place, index) if len(values) > 1 else place, template

    @property
    def params(self) -> tuple[str, ...]:
        """The params that its inputs take, each once."""
        return tuple(dict.fromkeys(param.param for _, template in self.templates() for param in template.params))

    @property
    def outputs(self) -> Iterator[OutputReference]:
        """What it takes of other steps, in the order of its inputs."""
        return (output for _, template in self.templates() for output in template.outputs)

    @property
    def needs(self) -> tuple[str, ...]:
        """The steps whose outputs it takes, each once, in the order of its inputs."""
        return tuple(dict.fromkeys(output.step for output in self.outputs))

    @property
    def follows(self) -> tuple[str, ...]:
        """Those of them whose axes it is spread over, for it does not collect their cells."""
        return tuple(dict.fromkeys(output.step for output in self.outputs if not output.collects))


class Pipeline(FrozenModel):
    """A YAML file of steps. `file` and `positions` tell where it was read; paths in it start at `folder`.

    Attributes:
        takes_rows: it is meant for many rows, as `rows:` in it says; its form asks for them.
        campaign: how its campaigns are walked, and what each may cost, where nobody says otherwise.
        ask_before_usd: above which price a run of its deployment wants to be confirmed.
        schedule: when its deployment runs by itself.
    """

    model_config = ConfigDict(extra="forbid")

    name: str
    description: str = ""
    params: Mapping[str, Param] = {}
    steps: Mapping[str, Step]
    rows: RowMapping = RowMapping()
    takes_rows: bool = False
    deliver: DeliveryNames | None = None
    campaign: CampaignDefaults = CampaignDefaults()
    ask_before_usd: Decimal | None = Field(default=None, gt=0)
    schedule: Schedule | None = None
    file: Path | None = None
    positions: Mapping[FieldPath, Position] = Field(default_factory=dict, exclude=True, repr=False)

    @property
    def folder(self) -> Path:
        """Where the relative paths written in it start."""
        return (self.file.parent if self.file else Path()).absolute()

    @property
    def techniques(self) -> tuple[str, ...]:
        """The slugs or ids of the techniques it runs, each once: whose definitions a plan asks for."""
        return tuple(dict.fromkeys(step.technique for step in self.steps.values() if step.generation is None))

    @property
    def models(self) -> tuple[str, ...]:
        """The ids of the models that its generations name, each once; likewise."""
        return tuple(dict.fromkeys(step.named for step in self.steps.values() if step.generation))

    @property
    def gates(self) -> Mapping[str, Gate]:
        """The gates, by their steps."""
        return {name: step.gate for name, step in self.steps.items() if step.gate is not None}

    def problem(self, path: FieldPath, message: str) -> Problem:
        """Return the problem with the place of its field in the file."""
        return problem_at(path, message, file=str(self.file) if self.file else None, positions=self.positions)


def one_step_pipeline(technique: str, inputs: Mapping[str, str], *, timeout: float | None = None) -> Pipeline:
    """Return the pipeline that runs one technique with these values, taken as they are: no references in them."""
    values = {input_id: (Template.of([value]),) for input_id, value in inputs.items()}
    step = Step(technique=technique, inputs=values, timeout=timeout)
    return Pipeline(name=technique, steps={"run": step})
