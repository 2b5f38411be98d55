"""The params that a pipeline is run with, checked against those it declares."""

import os
from collections.abc import Mapping
from pathlib import Path

from florist.api.models import MediaKind
from florist.pipelines.errors import UnusableValueError
from florist.pipelines.models import Param, Pipeline
from florist.pipelines.problems import Problem
from florist.pipelines.sources import FileSource, TextSource, UrlSource, media_source
from florist.wording import did_you_mean, quoted

ParamValue = TextSource | FileSource | UrlSource | None
"""What a param stands for; None where an optional one has no value."""


def param_values(
    pipeline: Pipeline, given: Mapping[str, object], *, folder: Path
) -> tuple[dict[str, ParamValue], list[Problem]]:
    """Return what each param stands for, and what is wrong.

    Args:
        folder: where relative paths in `given` start; those of defaults start at the pipeline's own folder.

    Returns:
        The values, those of unusable params left out, and the problems.
    """
    problems = [_undeclared(pipeline, name) for name in given if name not in pipeline.params]
    values: dict[str, ParamValue] = {}
    for name, param in pipeline.params.items():
        try:
            if name in given and given[name] is not None:
                values[name] = _value(param, _text(given[name]), folder)
            else:
                values[name] = _value(param, param.default or "", pipeline.folder)
        except UnusableValueError as error:
            problem = pipeline.problem(("params", name), str(error))
            problems.append(problem._replace(kind=f"{name}: {error.kind}"))
    return values, problems


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float | os.PathLike):
        raise UnusableValueError(f"a text goes here, not {type(value).__name__}")
    return os.fsdecode(value) if isinstance(value, os.PathLike) else str(value)


def _value(param: Param, text: str, folder: Path) -> ParamValue:
    if not text.strip():
        if not param.optional:
            raise UnusableValueError("needs a value, and none was given")
        return None
    if param.type is not MediaKind.TEXT:
        return media_source(text, param.type, folder=folder)
    if param.choices and text not in param.choices:
        mend = did_you_mean(text, param.choices)
        raise UnusableValueError(f"{quoted(text)} is none of the choices{mend}", kind="none of the choices")
    return TextSource(text=text)


def _undeclared(pipeline: Pipeline, name: str) -> Problem:
    mend = did_you_mean(name, pipeline.params)
    return pipeline.problem(("params", name), f"the pipeline declares no such param{mend}")
