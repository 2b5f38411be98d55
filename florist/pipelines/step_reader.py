"""Reads the steps of a pipeline file: what each runs, what it is given, and over what it is repeated."""

import re
from typing import get_args

from florist.api.models import GenerationType
from florist.pipelines.axes import VARIATION, value_faults
from florist.pipelines.errors import TemplateError
from florist.pipelines.field_reader import FieldReader, bad_name
from florist.pipelines.models import MAX_VARIATIONS, PROMPT, AxisValues, Gate, Generation, Step
from florist.pipelines.problems import FieldPath
from florist.pipelines.references import NAME, ParamReference, Template, parse_template
from florist.pipelines.yaml_tree import Entries, Items, Node, Scalar
from florist.wording import quoted

STEP_KEYS = (
    "technique", "generation", "description", "inputs", "for", "variations", "gate", "timeout", "ceiling_usd",
)  # fmt: skip

_PICK = re.compile(r"([0-9]{1,4})(?:\.\.([0-9]{1,4}))?")

GENERATION_TYPES: tuple[str, ...] = get_args(GenerationType)


class StepReader(FieldReader):
    """Reads one step after another."""

    def step(self, node: Node, path: FieldPath) -> Step:
        """Return a step."""
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
            variations=self.count(fields.get("variations"), (*path, "variations"), at_most=MAX_VARIATIONS) or 1,
            gate=self._gate(fields.get("gate"), (*path, "gate")),
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
        model = self.text(fields.get("model"), (*path, "model"))
        if "model" in fields and not model:
            self.problem((*path, "model"), "is empty; the id of a FLORA model goes here")
        if isinstance(wanted := fields.get("type"), Scalar) and not wanted.text:
            self.problem((*path, "type"), f"is empty; {', '.join(GENERATION_TYPES)} may go here")
        kind = self.choice(fields.get("type"), (*path, "type"), GENERATION_TYPES, "type of generation")
        return Generation.model_validate({"model": model, "type": kind}) if model and kind else None, inputs

    def _gate(self, node: Node | None, path: FieldPath) -> Gate | None:
        if node is None:
            return None
        fields = self.fields(node, path, ("pick",), required=("pick",))
        text = self.text(fields.get("pick"), (*path, "pick"))
        found = _PICK.fullmatch(text or "")
        least, most = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if text is not None and not 1 <= least <= most:
            self.problem(
                (*path, "pick"),
                f"{quoted(text)} is no number of picks; write one, such as 1, or a range, as in 1..2",
            )
        return Gate(pick_min=least, pick_max=most) if 1 <= least <= most else None

    def _axes(self, node: Node | None, path: FieldPath) -> dict[str, AxisValues]:
        axes = self.entries(node, path)
        for axis in axes:
            if axis == VARIATION:
                self.problem((*path, axis), 'is what "variations" counts; give the axis another name')
            elif not NAME.fullmatch(axis):
                self.problem((*path, axis), bad_name(axis))
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
