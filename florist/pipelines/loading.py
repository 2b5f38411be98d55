"""Pipeline files: from YAML to a `Pipeline`, or to everything that is wrong with it."""

import os
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import get_args

from florist.api.models import GenerationType, MediaKind
from florist.pipelines.axes import VARIATION, list_items, value_faults
from florist.pipelines.delivery_names import DeliveryNames, parse_delivery_names
from florist.pipelines.errors import PipelineFileError, TemplateError
from florist.pipelines.field_reader import FieldReader
from florist.pipelines.file_text import file_text
from florist.pipelines.form_names import form_name_fault
from florist.pipelines.models import (
    MAX_VARIATIONS,
    PROMPT,
    AxisValues,
    Generation,
    Param,
    Pipeline,
    Step,
)
from florist.pipelines.problems import FieldPath, Position, Problem
from florist.pipelines.references import NAME, ParamReference, Template, parse_template
from florist.pipelines.row_mapping import CellTemplate, RowFormat, RowMapping, parse_cell_template
from florist.pipelines.schedules import Schedule, schedule_faults
from florist.pipelines.wiring import wiring_problems
from florist.pipelines.yaml_tree import Entries, Items, Node, Scalar, yaml_tree
from florist.wording import did_you_mean, quoted

STEP_KEYS = (
    "technique", "generation", "description", "inputs", "for", "variations", "timeout", "ceiling_usd",
)  # fmt: skip

GENERATION_TYPES: tuple[str, ...] = get_args(GenerationType)
_FIELDS = (
    "name", "description", "params", "rows", "steps", "deliver", "budget_usd", "ask_before_usd", "schedule",
)  # fmt: skip


def load_pipeline(path: str | os.PathLike[str]) -> Pipeline:
    """Read a pipeline file.

    Example: docs/client.md, "Pipelines".

    Raises:
        PipelineFileError: it cannot be read, or not as a pipeline; `error.problems` lists all there is to mend.
    """
    file = Path(path)
    return parse_pipeline(file_text(file), file=file)


def parse_pipeline(text: str, *, file: Path) -> Pipeline:
    """Read a pipeline from text; `file` is where it stands, or would stand.

    Raises:
        PipelineFileError: it is no pipeline; `error.problems` lists all there is to mend.
    """
    root, problems = yaml_tree(text, file=str(file))
    if root == Scalar(None, root.position):
        raise PipelineFileError([Problem("", 'is empty; a pipeline has "name" and "steps"', str(file))])
    reader = _Reader(file, problems)
    pipeline = reader.pipeline(root)
    problems += wiring_problems(pipeline)
    if problems:
        raise PipelineFileError(sorted(problems, key=lambda problem: problem.position or Position(0, 0)))
    return pipeline


class _Reader(FieldReader):
    """Reads a pipeline out of its tree."""

    def pipeline(self, root: Node) -> Pipeline:
        self.positions[()] = root.position
        fields = self.fields(root, (), _FIELDS, required=("name", "steps"))
        steps = {name: self._step(node, ("steps", name)) for name, node in self._named(fields, "steps")}
        if not steps and "steps" in fields:
            self.problem(("steps",), "there are no steps; a pipeline has at least one")
        params = {name: self._param(node, ("params", name)) for name, node in self._named(fields, "params")}
        for name, param in params.items():
            if "schedule" in fields and not (param.default or param.optional):
                self.problem(("params", name), "needs a default, for nobody fills it in when the schedule does")
            if fault := form_name_fault(name, params):
                self.problem(("params", name), fault, position=self.keys["params", name])
        return Pipeline(
            name=self._name(fields.get("name")),
            description=self.text(fields.get("description"), ("description",)) or "",
            params=params,
            steps=steps,
            rows=self._rows(fields.get("rows"), params),
            takes_rows="rows" in fields,
            deliver=self._names(fields.get("deliver"), ("deliver",)),
            budget_usd=self.usd(fields.get("budget_usd"), ("budget_usd",)),
            ask_before_usd=self.usd(fields.get("ask_before_usd"), ("ask_before_usd",)),
            schedule=self._schedule(fields),
            file=self._file,
            positions=self.positions,
        )

    def _name(self, node: Node | None) -> str:
        name = self.text(node, ("name",))
        if node and not name:
            self.problem(("name",), 'is empty; a name such as "product-launch" goes here')
        elif name and not NAME.fullmatch(name):
            self.problem(("name",), _bad_name(name))
        return name or ""

    def _names(self, node: Node | None, path: FieldPath) -> DeliveryNames | None:
        text = self.text(node, path)
        try:
            return parse_delivery_names(text) if text else None
        except TemplateError as error:
            for message in error.messages:
                self.problem(path, message)
            return None

    def _param(self, node: Node, path: FieldPath) -> Param:
        fields = self.fields(node, path, Param.model_fields)
        param = Param(
            title=self.text(fields.get("title"), (*path, "title")) or "",
            type=self._kind(fields.get("type"), (*path, "type")),
            description=self.text(fields.get("description"), (*path, "description")) or "",
            default=self.text(fields.get("default"), (*path, "default")) or None,
            optional=self.flag(fields.get("optional"), (*path, "optional")),
            choices=self.texts(fields.get("choices"), (*path, "choices")),
            list=self.flag(fields.get("list"), (*path, "list")),
        )
        if param.list and param.type is not MediaKind.TEXT:
            self.problem((*path, "list"), "only a param of type text is a list")
        if param.default and "${" in param.default:
            self.problem((*path, "default"), "a default cannot refer to anything; it is taken as it stands")
        if param.choices and param.type is not MediaKind.TEXT:
            self.problem((*path, "choices"), "only a param of type text has choices")
        for text in list_items(param.default) if param.list and param.default else [param.default]:
            if param.choices and text and text not in param.choices and param.type is MediaKind.TEXT:
                mend = did_you_mean(text, param.choices)
                self.problem((*path, "default"), f"{quoted(text)} is none of the choices{mend}")
        return param

    def _schedule(self, fields: Mapping[str, Node]) -> Schedule | None:
        if "schedule" not in fields:
            return None
        path = ("schedule",)
        given = self.fields(fields["schedule"], path, Schedule.model_fields, required=("cron", "timezone"))
        texts = {name: self.text(node, (*path, name)) or "" for name, node in given.items() if name != "active"}
        for name, fault in schedule_faults(texts):
            self.problem((*path, name), fault)
        if "budget_usd" not in fields:
            self.problem(path, 'what runs by itself needs a "budget_usd": what one night may cost at most')
        active = self.flag(given["active"], (*path, "active")) if "active" in given else None
        return Schedule.model_validate({**texts, "active": active})

    def _rows(self, node: Node | None, params: Collection[str]) -> RowMapping:
        fields = self.fields(node, ("rows",), RowMapping.model_fields) if node else {}
        texts = {
            name: self.text(fields.get(name), ("rows", name)) for name in ("key", "format", "encoding", "sheet")
        }
        if texts["format"] not in (None, *get_args(RowFormat)):
            mend = did_you_mean(texts["format"] or "", get_args(RowFormat))
            self.problem(("rows", "format"), f"{quoted(texts['format'] or '')} is no format of rows{mend}")
            del texts["format"]
        templates: dict[str, CellTemplate] = {}
        for name, value in self.entries(fields.get("params"), ("rows", "params")).items():
            path = ("rows", "params", name)
            if name not in params:
                mend = did_you_mean(name, params)
                self.problem(path, f"there is no param {quoted(name)}{mend}", position=self.keys[path])
            try:
                templates[name] = parse_cell_template(self.text(value, path) or "")
            except TemplateError as error:
                for message in error.messages:
                    self.problem(path, message)
        return RowMapping.model_validate({**texts, "params": templates})

    def _step(self, node: Node, path: FieldPath) -> Step:
        is_generation = isinstance(node, Entries) and "generation" in node.entries
        fields = self.fields(node, path, STEP_KEYS, required=() if is_generation else ("technique",))
        technique = self.text(fields.get("technique"), (*path, "technique"))
        if "technique" in fields and not technique:
            self.problem((*path, "technique"), "is empty; the slug or id of a FLORA technique goes here")
        inputs = self.entries(fields.get("inputs"), (*path, "inputs"))
        given = {name: self._values(value, (*path, "inputs", name)) for name, value in inputs.items()}
        generation: Generation | None = None
        if is_generation:
            for key in ("technique", "inputs"):
                if key in fields:
                    self.problem((*path, key), 'a step has either "generation" or "technique" with its "inputs"')
            generation, given = self._generation(fields["generation"], (*path, "generation"))
        return Step(
            technique=technique or "",
            generation=generation,
            description=self.text(fields.get("description"), (*path, "description")) or "",
            inputs=given,
            axes=self._axes(fields.get("for"), (*path, "for")),
            variations=self._variations(fields.get("variations"), (*path, "variations")),
            timeout=self.seconds(fields.get("timeout"), (*path, "timeout")),
            ceiling_usd=self.usd(fields.get("ceiling_usd"), (*path, "ceiling_usd")),
        )

    def _generation(
        self, node: Node, path: FieldPath
    ) -> tuple[Generation | None, dict[str, tuple[Template, ...]]]:
        fields = self.fields(
            node, path, ("model", "type", "prompt", "params"), required=("model", "type", "prompt")
        )
        settings = self.entries(fields.get("params"), (*path, "params"))
        inputs: dict[str, tuple[Template, ...]] = {
            name: (self._template(value, (*path, "params", name)),) for name, value in settings.items()
        }
        if PROMPT in inputs:
            self.problem((*path, "params", PROMPT), "the prompt stands beside the params, not among them")
        if "prompt" in fields:
            inputs[PROMPT] = (self._template(fields["prompt"], (*path, "prompt")),)
        model, kind = (self.text(fields.get(key), (*path, key)) for key in ("model", "type"))
        if "model" in fields and not model:
            self.problem((*path, "model"), "is empty; the id of a FLORA model goes here")
        if "type" in fields and kind not in GENERATION_TYPES:
            mend = did_you_mean(kind or "", GENERATION_TYPES)
            self.problem((*path, "type"), f"{quoted(kind or '')} is no type of generation{mend}")
        whole = model and kind in GENERATION_TYPES
        return Generation.model_validate({"model": model, "type": kind}) if whole else None, inputs

    def _axes(self, node: Node | None, path: FieldPath) -> dict[str, AxisValues]:
        axes = self.entries(node, path)
        for axis in axes:
            if axis == VARIATION:
                self.problem((*path, axis), 'is what "variations" counts; give the axis another name')
            elif not NAME.fullmatch(axis):
                self.problem((*path, axis), _bad_name(axis))
        return {axis: self._axis_values(values, (*path, axis)) for axis, values in axes.items()}

    def _axis_values(self, node: Node, path: FieldPath) -> AxisValues:
        if isinstance(node, Scalar) and node.text:
            match self._template(node, path).parts:
                case (ParamReference() as param,):
                    return param
        if not isinstance(node, Items) or not node.items:
            self.problem(path, "a list of values goes here, such as [small, large], or one list param")
            return ()
        values = self.texts(node, path)
        faults = [*value_faults(values)]
        if len(values) < len(node.items):
            faults.append("a value is empty")
        if any("${" in value for value in values):
            faults.append(
                "a value cannot refer to anything; for values from a param, the whole list is one: ${params.tones}"
            )
        for fault in dict.fromkeys(faults):
            self.problem(path, fault)
        return values

    def _variations(self, node: Node | None, path: FieldPath) -> int:
        text = self.text(node, path)
        if text is None:
            return 1
        if not text.isdecimal() or not 1 <= int(text) <= MAX_VARIATIONS:
            self.problem(path, f"{quoted(text)} is no number of variations; write one from 1 to {MAX_VARIATIONS}")
            return 1
        return int(text)

    def _values(self, node: Node, path: FieldPath) -> tuple[Template, ...]:
        if not isinstance(node, Items):
            return (self._template(node, path),)
        if not node.items:
            self.problem(path, "the list is empty; leave the input out if it gets no value")
        places = [(*path, index) for index in range(len(node.items))] if len(node.items) > 1 else [path]
        self.positions |= {place: item.position for place, item in zip(places, node.items, strict=False)}
        return tuple(self._template(item, place) for item, place in zip(node.items, places, strict=False))

    def _template(self, node: Node, path: FieldPath) -> Template:
        try:
            return parse_template(self.text(node, path) or "")
        except TemplateError as error:
            for message in error.messages:
                self.problem(path, message)
            return Template()

    def _kind(self, node: Node | None, path: FieldPath) -> MediaKind:
        word = self.text(node, path)
        if word and word not in list(MediaKind):
            near = next((kind for kind in MediaKind if kind.removesuffix("Url") == word.lower()), word)
            self.problem(path, f"{quoted(word)} is no type{did_you_mean(near, MediaKind)}")
            return MediaKind.TEXT
        return MediaKind(word) if word else MediaKind.TEXT

    def _named(self, fields: dict[str, Node], section: str) -> Iterator[tuple[str, Node]]:
        for name, node in self.entries(fields.get(section), (section,)).items():
            if not NAME.fullmatch(name):
                self.problem((section, name), _bad_name(name))
            yield name, node


def _bad_name(name: str) -> str:
    better = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-_")[:64].lstrip("0123456789-_")
    mend = f"; write {quoted(better)}" if better else ""
    return f'a name is up to 64 of a-z, 0-9, "-" and "_", and begins with a letter{mend}'
