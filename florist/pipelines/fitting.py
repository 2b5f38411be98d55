"""The inputs that a step gives, held against those its technique takes."""

from collections.abc import Iterator, Mapping

from florist.api.models import MediaKind, Technique, TechniqueInput
from florist.frozen import FrozenModel
from florist.pipelines.cells import Cell
from florist.pipelines.errors import UnusableValueError
from florist.pipelines.models import Pipeline
from florist.pipelines.param_values import ParamValue
from florist.pipelines.problems import FieldPath, Problem
from florist.pipelines.references import AxisReference, OutputReference, ParamReference, Part, Template
from florist.pipelines.sources import KIND_NAMES, FileSource, TextSource, UrlSource, media_source
from florist.wording import did_you_mean, quoted

BETWEEN_COLLECTED = "\n\n"
"""What stands between texts of several cells that are collected into one."""


class PlannedInput(FrozenModel):
    """One input: its source or, where earlier steps make it, a template that refers to outputs alone."""

    id: str
    type: MediaKind
    value: TextSource | FileSource | UrlSource | Template


def fitted_inputs(
    pipeline: Pipeline, cell: Cell, values: Mapping[str, ParamValue], definitions: Mapping[str, Technique]
) -> tuple[tuple[PlannedInput, ...], list[Problem]]:
    """Return the inputs of a cell in the order of its technique's definition, and all that does not fit.

    Args:
        values: what the params stand for. Of a param or step that is missing here or in `definitions` something
            is said elsewhere, and nothing here.
    """
    fitting = _Fitting(pipeline, cell, values, definitions)
    return fitting.inputs(), fitting.problems


class _Unknown(Exception):  # noqa: N818 - no error: the value depends on something that has a problem of its own
    pass


class _Fitting:
    """Fits one cell's inputs, noting what is wrong."""

    def __init__(
        self,
        pipeline: Pipeline,
        cell: Cell,
        values: Mapping[str, ParamValue],
        definitions: Mapping[str, Technique],
    ) -> None:
        self._pipeline = pipeline
        self._cell = cell
        self._name = cell.step
        self._step = pipeline.steps[cell.step]
        self._technique = definitions[self._step.technique]
        self._values = values
        self._definitions = definitions
        self.problems: list[Problem] = []

    def inputs(self) -> tuple[PlannedInput, ...]:
        declared = {entry.id: entry for entry in self._technique.inputs}
        for input_id in self._step.inputs:
            if input_id not in declared:
                mend = did_you_mean(input_id, declared)
                self._problem((input_id,), f"{quoted(self._step.technique)} has no such input{mend}")
        fitted = (self._input(entry) for entry in declared.values())
        return tuple(entry for entry in fitted if entry)

    def _input(self, entry: TechniqueInput) -> PlannedInput | None:
        templates = self._step.inputs.get(entry.id, ())
        if not entry.is_sendable:
            self._refuse_unsendable(entry, is_given=bool(templates))
            return None
        if len(templates) > 1:
            self._problem((entry.id,), _several(entry))
            return None
        try:
            value = self._value(entry, templates[0]) if templates else None
        except _Unknown:
            return None
        except UnusableValueError as error:
            self._problem((entry.id,), str(error))
            return None
        if value is None:
            if not entry.optional:
                self._problem((entry.id,), f"{_called(entry)} is required, and gets no value")
            return None
        return PlannedInput(id=entry.id, type=entry.type, value=value)

    def _value(
        self, entry: TechniqueInput, template: Template
    ) -> TextSource | FileSource | UrlSource | Template | None:
        for output in template.outputs:
            self._refuse_other_output(entry, output)
        for param in template.params:
            self._refuse_other_param(entry, param)
        return self._text(template) if entry.type is MediaKind.TEXT else self._media(entry, template)

    def _text(self, template: Template) -> TextSource | Template | None:
        filled = Template.of(piece for part in template.parts for piece in self._filled(part))
        if filled.outputs:
            return filled
        text = "".join(map(str, filled.parts))
        return TextSource(text=text) if text.strip() else None

    def _filled(self, part: Part) -> Iterator[Part]:
        match part:
            case ParamReference(param=name):
                value = self._values[name]
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

    def _media(self, entry: TechniqueInput, template: Template) -> FileSource | UrlSource | Template | None:
        parts = (
            self._cell.axes[part.axis] if isinstance(part, AxisReference) else part for part in template.parts
        )
        match Template.of(parts).parts:
            case ():
                return None
            case (ParamReference(param=name),):
                value = self._values[name]
                return value if isinstance(value, FileSource | UrlSource) else None
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

    def _refuse_other_param(self, entry: TechniqueInput, reference: ParamReference) -> None:
        if reference.param not in self._values:
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
        technique = self._definitions.get(upstream.technique) if upstream else None
        if technique is None or not self._cell.upstream.get(reference.step):
            raise _Unknown
        if technique.outputs:
            kind = _declared_output(reference, technique).type
            if kind is not entry.type:
                raise UnusableValueError(
                    f"{_called(entry)} takes {KIND_NAMES[entry.type]}, but {reference} is {KIND_NAMES[kind]}"
                )

    def _refuse_unsendable(self, entry: TechniqueInput, *, is_given: bool) -> None:
        what = "a saved element" if entry.accepts_element else KIND_NAMES[entry.type]
        if not entry.optional:
            message = f"this technique cannot be run over the API: {_called(entry)} needs {what}"
            path = ("steps", self._name, "technique")
            self.problems.append(self._pipeline.problem(path, f"{message}, which the API cannot send"))
        elif is_given:
            self._problem((entry.id,), f"{_called(entry)} takes {what}, which the API cannot send; leave it out")

    def _problem(self, path: FieldPath, message: str) -> None:
        self.problems.append(self._pipeline.problem(("steps", self._name, "inputs", *path), message))


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


def _several(entry: TechniqueInput) -> str:
    if not entry.allow_multiple:
        return f"{_called(entry)} takes one value, not a list"
    return (
        f"{_called(entry)} would make one run, and one charge, for each value, and how FLORA takes several is "
        "not documented; write one step for each value"
    )


def _called(entry: TechniqueInput) -> str:
    return f"the input {entry.id}"
