"""A pipeline as its file gives it: params, and steps that take them and each other's outputs."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ConfigDict, Field

from florist.api.models import MediaKind
from florist.frozen import FrozenModel
from florist.pipelines.delivery_names import DeliveryNames
from florist.pipelines.problems import FieldPath, Position, Problem, problem_at
from florist.pipelines.references import Template

LONGEST_TIMEOUT = 30 * 24 * 3600.0
"""Seconds. Far beyond any queue, and what is added to a moment stays a moment."""


class Param(FrozenModel):
    """What a pipeline is run with. An empty value is no value."""

    model_config = ConfigDict(extra="forbid")

    type: MediaKind = MediaKind.TEXT
    description: str = ""
    default: str | None = None
    optional: bool = False
    choices: tuple[str, ...] = ()


class Step(FrozenModel):
    """One technique to run. `timeout` is in seconds; None leaves it to whoever walks."""

    model_config = ConfigDict(extra="forbid")

    technique: str
    description: str = ""
    inputs: Mapping[str, tuple[Template, ...]] = {}
    timeout: float | None = Field(default=None, gt=0, le=LONGEST_TIMEOUT)

    def templates(self) -> Iterator[tuple[FieldPath, Template]]:
        """Yield each value with its path below the step."""
        for input_id, values in self.inputs.items():
            for index, template in enumerate(values):
                yield ("inputs", input_id, index) if len(values) > 1 else ("inputs", input_id), template

    @property
    def needs(self) -> tuple[str, ...]:
        """The steps whose outputs it takes, each once, in the order of its inputs."""
        outputs = (output for _, template in self.templates() for output in template.outputs)
        return tuple(dict.fromkeys(output.step for output in outputs))


class Pipeline(FrozenModel):
    """A YAML file of steps. `file` and `positions` tell where it was read; paths in it start at `folder`."""

    model_config = ConfigDict(extra="forbid")

    name: str
    description: str = ""
    params: Mapping[str, Param] = {}
    steps: Mapping[str, Step]
    deliver: DeliveryNames | None = None
    file: Path | None = None
    positions: Mapping[FieldPath, Position] = Field(default_factory=dict, exclude=True, repr=False)

    @property
    def folder(self) -> Path:
        """Where the relative paths written in it start."""
        return (self.file.parent if self.file else Path()).absolute()

    @property
    def techniques(self) -> tuple[str, ...]:
        """The slugs or ids of the techniques it runs, each once: whose definitions a plan asks for."""
        return tuple(dict.fromkeys(step.technique for step in self.steps.values()))

    def problem(self, path: FieldPath, message: str) -> Problem:
        """Return the problem with the place of its field in the file."""
        return problem_at(path, message, file=str(self.file) if self.file else None, positions=self.positions)


def one_step_pipeline(technique: str, inputs: Mapping[str, str], *, timeout: float | None = None) -> Pipeline:
    """Return the pipeline that runs one technique with these values, taken as they are: no references in them."""
    values = {input_id: (Template.of([value]),) for input_id, value in inputs.items()}
    step = Step(technique=technique, inputs=values, timeout=timeout)
    return Pipeline(name=technique, steps={"run": step})
