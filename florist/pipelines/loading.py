"""Pipeline files: from YAML to a `Pipeline`, or to everything that is wrong with it."""

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import get_args

from florist.api.models import MediaKind
from florist.pipelines.axes import list_items
from florist.pipelines.campaign_defaults import CampaignDefaults, OnRefusal
from florist.pipelines.cells import cells_of
from florist.pipelines.delivery_names import DeliveryNames, parse_delivery_names
from florist.pipelines.errors import PipelineFileError, TemplateError
from florist.pipelines.field_reader import bad_name
from florist.pipelines.file_text import file_text
from florist.pipelines.form_names import form_name_fault
from florist.pipelines.gates import gate_problems, has_fixed_axes
from florist.pipelines.models import Param, Pipeline
from florist.pipelines.problems import FieldPath, Position, Problem
from florist.pipelines.references import NAME
from florist.pipelines.row_mapping import CellTemplate, RowFormat, RowMapping, parse_cell_template
from florist.pipelines.schedules import Schedule, schedule_faults
from florist.pipelines.step_reader import StepReader
from florist.pipelines.wiring import wiring_problems
from florist.pipelines.yaml_tree import Node, Scalar, yaml_tree
from florist.wording import did_you_mean, quoted

_FIELDS = (
    "name", "description", "params", "rows", "steps", "deliver", "campaign", "ask_before_usd", "schedule",
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
    if not problems:
        problems += gate_problems(pipeline, cells_of(pipeline, {})[0] if has_fixed_axes(pipeline) else None)
    if problems:
        raise PipelineFileError(sorted(problems, key=lambda problem: problem.position or Position(0, 0)))
    return pipeline


class _Reader(StepReader):
    """Reads a pipeline out of its tree."""

    def pipeline(self, root: Node) -> Pipeline:
        self.positions[()] = root.position
        fields = self.fields(root, (), _FIELDS, required=("name", "steps"))
        steps = {name: self.step(node, ("steps", name)) for name, node in self._named(fields, "steps")}
        if not steps and "steps" in fields:
            self.problem(("steps",), "there are no steps; a pipeline has at least one")
        params = {name: self._param(node, ("params", name)) for name, node in self._named(fields, "params")}
        for name, param in params.items():
            if "schedule" in fields and not (param.default or param.optional):
                self.problem(("params", name), "needs a default, for nobody fills it in when the schedule does")
            if fault := form_name_fault(name, params):
                self.problem(("params", name), fault, position=self.keys["params", name])
        campaign = self._campaign(fields.get("campaign"))
        return Pipeline(
            name=self._name(fields.get("name")),
            description=self.text(fields.get("description"), ("description",)) or "",
            params=params,
            steps=steps,
            rows=self._rows(fields.get("rows"), params),
            takes_rows="rows" in fields,
            deliver=self._names(fields.get("deliver"), ("deliver",)),
            campaign=campaign,
            ask_before_usd=self.usd(fields.get("ask_before_usd"), ("ask_before_usd",)),
            schedule=self._schedule(fields, campaign),
            file=self._file,
            positions=self.positions,
        )

    def _name(self, node: Node | None) -> str:
        name = self.text(node, ("name",))
        if node and not name:
            self.problem(("name",), 'is empty; a name such as "product-launch" goes here')
        elif name and not NAME.fullmatch(name):
            self.problem(("name",), bad_name(name))
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

    def _schedule(self, fields: Mapping[str, Node], campaign: CampaignDefaults) -> Schedule | None:
        if "schedule" not in fields:
            return None
        path = ("schedule",)
        given = self.fields(fields["schedule"], path, Schedule.model_fields, required=("cron", "timezone"))
        texts = {name: self.text(node, (*path, name)) or "" for name, node in given.items() if name != "active"}
        for name, fault in schedule_faults(texts):
            self.problem((*path, name), fault)
        if campaign.budget_usd is None:
            mend = "what one night may cost at most, as in campaign: {budget_usd: 5}"
            self.problem(path, f'what runs by itself needs a "budget_usd": {mend}')
        active = self.flag(given["active"], (*path, "active")) if "active" in given else None
        return Schedule.model_validate({**texts, "active": active})

    def _rows(self, node: Node | None, params: Collection[str]) -> RowMapping:
        fields = self.fields(node, ("rows",), RowMapping.model_fields) if node else {}
        texts = {name: self.text(fields.get(name), ("rows", name)) for name in ("key", "encoding", "sheet")}
        texts["format"] = self.choice(
            fields.get("format"), ("rows", "format"), get_args(RowFormat), "format of rows"
        )
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

    def _campaign(self, node: Node | None) -> CampaignDefaults:
        fields = self.fields(node, ("campaign",), CampaignDefaults.model_fields) if node else {}
        path = {name: ("campaign", name) for name in CampaignDefaults.model_fields}
        on_refusal = self.choice(
            fields.get("on_refusal"), path["on_refusal"], get_args(OnRefusal), "answer to a refusal"
        )
        return CampaignDefaults.model_validate(
            {
                "on_refusal": on_refusal,
                "min_success": self.share(fields.get("min_success"), path["min_success"]),
                "max_in_flight": self.count(fields.get("max_in_flight"), path["max_in_flight"]),
                "budget_usd": self.usd(fields.get("budget_usd"), path["budget_usd"]),
            }
        )

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
                self.problem((section, name), bad_name(name))
            yield name, node
