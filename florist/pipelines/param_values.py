"""The params that a pipeline is run with, checked against those it declares."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from florist.api.models import MediaKind
from florist.pipelines.axes import axis_values, list_items, value_faults
from florist.pipelines.errors import UnusableValueError
from florist.pipelines.models import Param, Pipeline
from florist.pipelines.problems import Problem
from florist.pipelines.sources import MediaSource, TextSource, media_source
from florist.wording import did_you_mean, quoted

ParamValue = TextSource | MediaSource | tuple[str, ...] | None
"""What a param stands for: the values of a list, a source, or None where an optional one has no value."""


class ParamValues:
    """Reads the params of rows. What comes in several rows is looked at once, and is one object for all of them.

    Args:
        folder: where relative paths of rows start; those of defaults start at the pipeline's own folder.
    """

    def __init__(self, pipeline: Pipeline, *, folder: Path) -> None:
        self._pipeline = pipeline
        self._folder = folder
        self._read: dict[tuple[str, Path, str | tuple[str, ...]], ParamValue | UnusableValueError] = {}

    def read(self, given: Mapping[str, object]) -> tuple[dict[str, ParamValue], list[Problem]]:
        """Return what each param stands for, those of unusable params left out, and what is wrong."""
        problems = [_undeclared(self._pipeline, name) for name in given if name not in self._pipeline.params]
        values: dict[str, ParamValue] = {}
        for name, param in self._pipeline.params.items():
            try:
                values[name] = self._value(name, param, given.get(name))
            except UnusableValueError as error:
                problem = self._pipeline.problem(("params", name), str(error))
                problems.append(problem._replace(kind=f"{name}: {error.kind}"))
        return values, problems

    def _value(self, name: str, param: Param, given: object) -> ParamValue:
        folder = self._pipeline.folder if given is None else self._folder
        text = _texts(param.default or "" if given is None else given, is_list=param.list)
        if (name, folder, text) not in self._read:
            try:
                self._read[name, folder, text] = _value(param, text, folder)
            except UnusableValueError as error:
                self._read[name, folder, text] = error
        found = self._read[name, folder, text]
        if isinstance(found, UnusableValueError):
            raise found
        return found


def _texts(given: object, *, is_list: bool) -> str | tuple[str, ...]:
    if not is_list:
        return _text(given)
    if isinstance(given, Sequence) and not isinstance(given, str):
        return tuple(map(_text, given))
    return list_items(_text(given))


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float | os.PathLike):
        raise UnusableValueError(f"a text goes here, not {type(value).__name__}")
    return os.fsdecode(value) if isinstance(value, os.PathLike) else str(value)


def _value(param: Param, text: str | tuple[str, ...], folder: Path) -> ParamValue:
    if not isinstance(text, str):
        return _list(param, text)
    if not text.strip():
        if not param.optional:
            raise UnusableValueError("needs a value, and none was given")
        return None
    if param.type is not MediaKind.TEXT:
        return media_source(text, param.type, folder=folder)
    _refuse_other_choice(param, text)
    return TextSource(text=text)


def _list(param: Param, texts: tuple[str, ...]) -> tuple[str, ...]:
    if not texts:
        raise UnusableValueError("needs at least one value, and none was given")
    for text in texts:
        _refuse_other_choice(param, text)
    for fault in value_faults(texts):
        raise UnusableValueError(fault)
    return axis_values(texts)


def _refuse_other_choice(param: Param, text: str) -> None:
    if param.choices and text not in param.choices:
        mend = did_you_mean(text, param.choices)
        raise UnusableValueError(f"{quoted(text)} is none of the choices{mend}", kind="none of the choices")


def _undeclared(pipeline: Pipeline, name: str) -> Problem:
    mend = did_you_mean(name, pipeline.params)
    return pipeline.problem(("params", name), f"the pipeline declares no such param{mend}")
