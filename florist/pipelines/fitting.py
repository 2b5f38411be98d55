"""The inputs that a step gives, held against those its technique takes."""

from collections.abc import Iterator, Mapping, Sequence

from florist.api.catalogue import ModelParam
from florist.api.models import MediaKind, Technique, TechniqueInput
from florist.frozen import FrozenModel
from florist.pipelines.cells import Cell
from florist.pipelines.errors import UnusableValueError
from florist.pipelines.generations import ModelDefinition, sent_setting
from florist.pipelines.models import PROMPT, Pipeline
from florist.pipelines.param_values import ParamValue
from florist.pipelines.problems import Problem
from florist.pipelines.references import AxisReference, OutputReference, ParamReference, Part, Template
from florist.pipelines.sources import KIND_NAMES, MediaSource, TextSource, media_source
from florist.wording import did_you_mean, quoted

BETWEEN_COLLECTED = "\n\n"
"""What stands between texts of several cells that are collected into one."""


class PlannedInput(FrozenModel):
    """One input: its source or, where earlier steps make it, a template that refers to outputs alone."""

    id: str
    type: MediaKind
    value: TextSource | MediaSource | Template


Values = Mapping[str, ParamValue]
"""What the params stand for. Of one that is missing something is said elsewhere, and nothing here."""


class _Unknown(Exception):  # noqa: N818 - no error: the value depends on something that has a problem of its own
    pass


class CellFitting:
    """Fits the inputs of one cell to what its technique takes, row by row.

    Args:
        definitions: of the cell's own technique, and of those it takes outputs of; of one that is missing
            something is said elsewhere.
    """

    def __init__(self, pipeline: Pipeline, cell: Cell, definitions: Mapping[str, Technique]) -> None:
        self._pipeline = pipeline
        self._cell = cell
        self._step = pipeline.steps[cell.step]
        self._definitions = definitions
        self._technique = definitions[self._step.definition]
        self._unfit = [*self._misfits()]
        self._fixed = {
            entry.id: self._input(entry, {})
            for entry in self._technique.inputs
            if not any(template.params for template in self._step.inputs.get(entry.id, ()))
        }

    def inputs(self, values: Values) -> tuple[tuple[PlannedInput, ...], list[Problem]]:
        """Return the inputs in the order of the technique's definition, and all that does not fit."""
        found = [
            self._fixed[entry.id] if entry.id in self._fixed else self._input(entry, values)
            for entry in self._technique.inputs
        ]
        problems = [*self._unfit, *(each for each in found if isinstance(each, Problem))]
        return tuple(each for each in found if isinstance(each, PlannedInput)), problems

    def _misfits(self) -> Iterator[Problem]:
        declared = {entry.id: entry for entry in self._technique.inputs}
        for input_id in self._step.inputs:
            if input_id not in declared:
                mend = did_you_mean(input_id, declared)
                yield self._problem(input_id, f"{quoted(self._step.named)} has no such input{mend}")
        for entry in declared.values():
            if not entry.is_sendable and not entry.optional:
                message = f"this technique cannot be run over the API: {_called(entry)} needs {_kind(entry)}"
                path = ("steps", self._cell.step, "technique")
                yield self._pipeline.problem(path, f"{message}, which the API cannot send")

    def _input(self, entry: TechniqueInput, values: Values) -> PlannedInput | Problem | None:
        try:
            value = self._value(entry, self._step.inputs.get(entry.id, ()), values)
        except _Unknown:
            return None
        except UnusableValueError as error:
            return self._problem(entry.id, str(error))
        return None if value is None else PlannedInput(id=entry.id, type=entry.type, value=value)

    def _value(
        self, entry: TechniqueInput, templates: Sequence[Template], values: Values
    ) -> TextSource | MediaSource | Template | None:
        if not entry.is_sendable:
            if templates and entry.optional:
                raise UnusableValueError(
                    f"{_called(entry)} takes {_kind(entry)}, which the API cannot send; leave it out"
                )
            return None
        if len(templates) > 1:
            raise UnusableValueError(_several(entry))
        value = self._filled_in(entry, templates[0], values) if templates else None
        if value is None and not entry.optional:
            raise UnusableValueError(f"{_called(entry)} is required, and gets no value")
        self._refuse_other_setting(entry, value)
        return value

    def _filled_in(
        self, entry: TechniqueInput, template: Template, values: Values
    ) -> TextSource | MediaSource | Template | None:
        for output in template.outputs:
            self._refuse_other_output(entry, output)
        for param in template.params:
            self._refuse_other_param(entry, param, values)
        if entry.type is MediaKind.TEXT:
            return self._text(template, values)
        return self._media(entry, template, values)

    def _text(self, template: Template, values: Values) -> TextSource | Template | None:
        filled = Template.of(piece for part in template.parts for piece in self._filled(part, values))
        if filled.outputs:
            return filled
        text = "".join(map(str, filled.parts))
        return TextSource(text=text) if text.strip() else None

    def _filled(self, part: Part, values: Values) -> Iterator[Part]:
        match part:
            case ParamReference(param=name):
                value = values[name]
                yield value.text if isinstance(value, TextSource) else ""
            case AxisReference(axis=axis):
                yield self._cell.axes[axis]
            case OutputReference():
                for index, output in enumerate(self._cells(part)):
                    yield from (BETWEEN_COLLECTED, output) if index else (output,)
            case str():
                yield part

    def _cells(self, reference: OutputReference) -> tuple[OutputReference, ...]:
        cells = self._cell.upstream[reference.step]
        return tuple(OutputReference(step=cell, output=reference.output) for cell in cells)

    def _media(self, entry: TechniqueInput, template: Template, values: Values) -> MediaSource | Template | None:
        parts = (
            self._cell.axes[part.axis] if isinstance(part, AxisReference) else part for part in template.parts
        )
        match Template.of(parts).parts:
            case ():
                return None
            case (ParamReference(param=name),):
                value = values[name]
                return value if isinstance(value, MediaSource) else None
            case (OutputReference() as reference,):
                cells = self._cells(reference)
                if len(cells) > 1:
                    raise UnusableValueError(_several(entry))
                return Template(parts=cells)
            case (str(literal),) if literal.strip():
                return media_source(literal, entry.type, folder=self._pipeline.folder)
            case (str(),):
                return None
        raise UnusableValueError(
            f"{_called(entry)} takes one reference, path or URL alone; only a text can have references inside it"
        )

    def _refuse_other_param(self, entry: TechniqueInput, reference: ParamReference, values: Values) -> None:
        if reference.param not in values:
            raise _Unknown
        if self._pipeline.params[reference.param].list:
            raise UnusableValueError(
                f"the param {reference.param} is a list, which gives an axis its values; write "
                f'"for: {{<axis>: {reference}}}" in the step, and ${{for.<axis>}} here'
            )
        kind = self._pipeline.params[reference.param].type
        if kind is not entry.type:
            raise UnusableValueError(
                f"{_called(entry)} takes {KIND_NAMES[entry.type]}, but the param {reference.param} "
                f"is {KIND_NAMES[kind]}"
            )

    def _refuse_other_output(self, entry: TechniqueInput, reference: OutputReference) -> None:
        upstream = self._pipeline.steps.get(reference.step)
        technique = self._definitions.get(upstream.definition) if upstream else None
        if technique is None or not self._cell.upstream.get(reference.step):
            raise _Unknown
        if technique.outputs:
            kind = _declared_output(reference, technique).type
            if kind is not entry.type:
                raise UnusableValueError(
                    f"{_called(entry)} takes {KIND_NAMES[entry.type]}, but {reference} is {KIND_NAMES[kind]}"
                )

    def _refuse_other_setting(self, entry: TechniqueInput, value: object) -> None:
        if value is None or not isinstance(self._technique, ModelDefinition):
            return
        for param in self._technique.model.params:
            if param.name == entry.id != PROMPT:
                if isinstance(value, TextSource):
                    _refuse_unsent(entry, param, value.text)
                elif param.type != "string" or param.options:
                    raise UnusableValueError(f"{_called(entry)} takes a value that is known before the first run")

    def _problem(self, input_id: str, message: str) -> Problem:
        return self._pipeline.problem(("steps", self._cell.step, *self._step.place(input_id)), message)


def _declared_output(reference: OutputReference, technique: Technique) -> TechniqueInput:
    outputs = technique.outputs
    match reference.output:
        case None if len(outputs) == 1:
            return outputs[0]
        case int(index) if index < len(outputs):
            return outputs[index]
        case str(output_id):
            for output in outputs:
                if output.id == output_id:
                    return output
    ids = ", ".join(output.id for output in outputs)
    which = f"{reference.step} makes {len(outputs)}" if reference.output is None else "there is no such output"
    raise UnusableValueError(f"{reference}: {which}; the outputs of {reference.step} are {ids}")


def _refuse_unsent(entry: TechniqueInput, param: ModelParam, text: str) -> None:
    try:
        sent_setting(param, text)
    except UnusableValueError as error:
        raise UnusableValueError(f"{_called(entry)}: {error}") from error


def _several(entry: TechniqueInput) -> str:
    if not entry.allow_multiple:
        return f"{_called(entry)} takes one value, not a list"
    return (
        f"{_called(entry)} would make one run, and one charge, for each value, and how FLORA takes several is "
        "not documented; write one step for each value"
    )


def _called(entry: TechniqueInput) -> str:
    return f"the input {entry.id}"


def _kind(entry: TechniqueInput) -> str:
    return "a saved element" if entry.accepts_element else KIND_NAMES[entry.type]
