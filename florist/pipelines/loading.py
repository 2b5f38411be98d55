"""Pipeline files: from YAML to a `Pipeline`, or to everything that is wrong with it."""

import math
import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from florist.api.models import MediaKind
from florist.pipelines.delivery_names import DeliveryNames, parse_delivery_names
from florist.pipelines.errors import PipelineFileError, TemplateError
from florist.pipelines.file_text import file_text
from florist.pipelines.models import LONGEST_TIMEOUT, Param, Pipeline, Step
from florist.pipelines.problems import FieldPath, Position, Problem, problem_at
from florist.pipelines.references import NAME, Template, parse_template
from florist.pipelines.wiring import wiring_problems
from florist.pipelines.yaml_tree import Entries, Items, Node, Scalar, yaml_tree
from florist.wording import did_you_mean, quoted

_FIELDS = ("name", "description", "params", "steps", "deliver")


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


class _Reader:
    """Reads the tree field by field; what is wrong is noted, and a stand-in taken, so that reading goes on."""

    def __init__(self, file: Path, problems: list[Problem]) -> None:
        self._file = file
        self._problems = problems
        self._positions: dict[FieldPath, Position] = {}
        self._keys: dict[FieldPath, Position] = {}

    def pipeline(self, root: Node) -> Pipeline:
        self._positions[()] = root.position
        fields = self._fields(root, (), _FIELDS, required=("name", "steps"))
        steps = {name: self._step(node, ("steps", name)) for name, node in self._named(fields, "steps")}
        if not steps and "steps" in fields:
            self._problem(("steps",), "there are no steps; a pipeline has at least one")
        return Pipeline(
            name=self._name(fields.get("name")),
            description=self._text(fields.get("description"), ("description",)) or "",
            params={name: self._param(node, ("params", name)) for name, node in self._named(fields, "params")},
            steps=steps,
            deliver=self._names(fields.get("deliver"), ("deliver",)),
            file=self._file,
            positions=self._positions,
        )

    def _name(self, node: Node | None) -> str:
        name = self._text(node, ("name",))
        if node and not name:
            self._problem(("name",), 'is empty; a name such as "product-launch" goes here')
        elif name and not NAME.fullmatch(name):
            self._problem(("name",), _bad_name(name))
        return name or ""

    def _names(self, node: Node | None, path: FieldPath) -> DeliveryNames | None:
        text = self._text(node, path)
        try:
            return parse_delivery_names(text) if text else None
        except TemplateError as error:
            for message in error.messages:
                self._problem(path, message)
            return None

    def _param(self, node: Node, path: FieldPath) -> Param:
        fields = self._fields(node, path, Param.model_fields)
        param = Param(
            type=self._kind(fields.get("type"), (*path, "type")),
            description=self._text(fields.get("description"), (*path, "description")) or "",
            default=self._text(fields.get("default"), (*path, "default")) or None,
            optional=self._flag(fields.get("optional"), (*path, "optional")),
            choices=self._texts(fields.get("choices"), (*path, "choices")),
        )
        if param.default and "${" in param.default:
            self._problem((*path, "default"), "a default cannot refer to anything; it is taken as it stands")
        if param.choices and param.type is not MediaKind.TEXT:
            self._problem((*path, "choices"), "only a param of type text has choices")
        elif param.choices and param.default and param.default not in param.choices:
            mend = did_you_mean(param.default, param.choices)
            self._problem((*path, "default"), f"{quoted(param.default)} is none of the choices{mend}")
        return param

    def _step(self, node: Node, path: FieldPath) -> Step:
        fields = self._fields(node, path, Step.model_fields, required=("technique",))
        technique = self._text(fields.get("technique"), (*path, "technique"))
        if "technique" in fields and not technique:
            self._problem((*path, "technique"), "is empty; the slug or id of a FLORA technique goes here")
        inputs = self._entries(fields.get("inputs"), (*path, "inputs"))
        return Step(
            technique=technique or "",
            description=self._text(fields.get("description"), (*path, "description")) or "",
            inputs={name: self._values(value, (*path, "inputs", name)) for name, value in inputs.items()},
            timeout=self._seconds(fields.get("timeout"), (*path, "timeout")),
        )

    def _values(self, node: Node, path: FieldPath) -> tuple[Template, ...]:
        if not isinstance(node, Items):
            return (self._template(node, path),)
        if not node.items:
            self._problem(path, "the list is empty; leave the input out if it gets no value")
        places = [(*path, index) for index in range(len(node.items))] if len(node.items) > 1 else [path]
        self._positions |= {place: item.position for place, item in zip(places, node.items, strict=False)}
        return tuple(self._template(item, place) for item, place in zip(node.items, places, strict=False))

    def _template(self, node: Node, path: FieldPath) -> Template:
        try:
            return parse_template(self._text(node, path) or "")
        except TemplateError as error:
            for message in error.messages:
                self._problem(path, message)
            return Template()

    def _kind(self, node: Node | None, path: FieldPath) -> MediaKind:
        word = self._text(node, path)
        if word and word not in list(MediaKind):
            near = next((kind for kind in MediaKind if kind.removesuffix("Url") == word.lower()), word)
            self._problem(path, f"{quoted(word)} is no type{did_you_mean(near, MediaKind)}")
            return MediaKind.TEXT
        return MediaKind(word) if word else MediaKind.TEXT

    def _seconds(self, node: Node | None, path: FieldPath) -> float | None:
        text = self._text(node, path)
        if not text:
            return None
        try:
            seconds = float(text)
        except ValueError:
            seconds = math.nan
        if not 0 < seconds <= LONGEST_TIMEOUT:
            self._problem(path, f"{quoted(text)} is no timeout; write seconds, such as 600")
            return None
        return seconds

    def _flag(self, node: Node | None, path: FieldPath) -> bool:
        text = self._text(node, path)
        if text not in (None, "true", "false"):
            self._problem(path, f'{quoted(text)} is neither "true" nor "false"')
        return text == "true"

    def _texts(self, node: Node | None, path: FieldPath) -> tuple[str, ...]:
        if isinstance(node, Items):
            texts = [self._text(item, (*path, index)) for index, item in enumerate(node.items)]
            return tuple(text for text in texts if text)
        if node and node != Scalar(None, node.position):
            self._problem(path, "a list goes here, such as [small, large]")
        return ()

    def _text(self, node: Node | None, path: FieldPath) -> str | None:
        if node is None or isinstance(node, Scalar):
            return node.text if node else None
        self._problem(path, f"a text goes here, not {_called(node)}")
        return None

    def _named(self, fields: dict[str, Node], section: str) -> Iterator[tuple[str, Node]]:
        for name, node in self._entries(fields.get(section), (section,)).items():
            if not NAME.fullmatch(name):
                self._problem((section, name), _bad_name(name))
            yield name, node

    def _fields(
        self, node: Node, path: FieldPath, known: Collection[str], *, required: Collection[str] = ()
    ) -> dict[str, Node]:
        fields = self._entries(node, path)
        for key in fields:
            if key not in known:
                mend = did_you_mean(key, known)
                self._problem((*path, key), f"unknown key{mend}", position=self._keys[*path, key])
        for key in required:
            if key not in fields and (isinstance(node, Entries) or node == Scalar(None, node.position)):
                self._problem(path, f'the key "{key}" is missing')
        return {key: value for key, value in fields.items() if key in known}

    def _entries(self, node: Node | None, path: FieldPath) -> dict[str, Node]:
        if not isinstance(node, Entries):
            if node and node != Scalar(None, node.position):
                self._problem(path, f'"key: value" lines go here, not {_called(node)}')
            return {}
        for key, (position, value) in node.entries.items():
            is_in_place = isinstance(value, Scalar) and value.text is not None
            self._positions[*path, key] = value.position if is_in_place else position
            self._keys[*path, key] = position
        return {key: value for key, (_, value) in node.entries.items()}

    def _problem(self, path: FieldPath, message: str, *, position: Position | None = None) -> None:
        problem = problem_at(path, message, file=str(self._file), positions=self._positions)
        self._problems.append(problem._replace(position=position) if position else problem)


def _called(node: Node) -> str:
    names: dict[type, str] = {Items: "a list", Entries: '"key: value" lines', Scalar: "a text"}
    return names[type(node)]


def _bad_name(name: str) -> str:
    better = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-_")[:64].lstrip("0123456789-_")
    mend = f"; write {quoted(better)}" if better else ""
    return f'a name is up to 64 of a-z, 0-9, "-" and "_", and begins with a letter{mend}'
