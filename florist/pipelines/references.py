"""Values with references in them: `A studio photograph of ${params.brand}`.

There are six references and one escape, and nothing is ever evaluated::

    ${params.brand}                 the value of a param
    ${for.tone}                     the value of an axis of the step
    ${steps.still.output}           the only output of a step
    ${steps.still.outputs[0]}       an output by its place
    ${steps.still.outputs.mask}     the first output with this id
    ${steps.still.all}              the only output of every cell of a step; `all[0]` and `all.mask` as above
    $$                              a dollar sign; one that is not followed by "{" needs no doubling
"""

import re
from collections.abc import Iterable
from typing import Self

from pydantic import ConfigDict

from florist.frozen import FrozenModel
from florist.pipelines.errors import TemplateError
from florist.wording import quoted

NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
"""A param's or step's name: it becomes part of archive keys and of form fields."""

_TOKEN = re.compile(r"\$\$|\$\{(?P<inside>[^{}]*)\}|(?P<unclosed>\$\{)")
_PARAM = re.compile(rf"params\.(?P<param>{NAME.pattern})")
_AXIS = re.compile(rf"for\.(?P<axis>{NAME.pattern})")
_OUTPUT = re.compile(
    rf"steps\.(?P<step>{NAME.pattern})\.(?:output|(?P<whole>all)|(?:outputs|(?P<all>all))"
    r"(?:\[(?P<index>[0-9]{1,4})\]|\.(?P<id>[^\s{}$\[\]]+)))"
)


class ParamReference(FrozenModel):
    """`${params.<param>}`."""

    model_config = ConfigDict(extra="forbid")

    param: str

    def __str__(self) -> str:
        return f"${{params.{self.param}}}"


class AxisReference(FrozenModel):
    """`${for.<axis>}`."""

    model_config = ConfigDict(extra="forbid")

    axis: str

    def __str__(self) -> str:
        return f"${{for.{self.axis}}}"


class OutputReference(FrozenModel):
    """`${steps.<step>.output…}`: `output` is a place, an output id, or None for the only output.

    `collects` is said of `${steps.<step>.all…}`. In a plan, `step` names one cell of the step.
    """

    model_config = ConfigDict(extra="forbid")

    step: str
    output: int | str | None = None
    collects: bool = False

    def __str__(self) -> str:
        word, words = ("all", "all") if self.collects else ("output", "outputs")
        match self.output:
            case None:
                return f"${{steps.{self.step}.{word}}}"
            case int(index):
                return f"${{steps.{self.step}.{words}[{index}]}}"
            case output_id:
                return f"${{steps.{self.step}.{words}.{output_id}}}"


Part = str | ParamReference | AxisReference | OutputReference


class Template(FrozenModel):
    """A value as a pipeline gives it: plain text and references in turn; prints as it is written."""

    model_config = ConfigDict(extra="forbid")

    parts: tuple[Part, ...] = ()

    @classmethod
    def of(cls, parts: Iterable[Part]) -> Self:
        """Return the template of these parts, neighbouring texts joined and empty ones left out."""
        joined: list[Part] = []
        for part in parts:
            if isinstance(part, str) and joined and isinstance(joined[-1], str):
                joined[-1] += part
            elif part != "":
                joined.append(part)
        return cls(parts=tuple(joined))

    @property
    def params(self) -> tuple[ParamReference, ...]:
        """The params it refers to; one may stand in it twice."""
        return tuple(part for part in self.parts if isinstance(part, ParamReference))

    @property
    def axes(self) -> tuple[AxisReference, ...]:
        """The axes it refers to; one may stand in it twice."""
        return tuple(part for part in self.parts if isinstance(part, AxisReference))

    @property
    def outputs(self) -> tuple[OutputReference, ...]:
        """The outputs it refers to; one may stand in it twice."""
        return tuple(part for part in self.parts if isinstance(part, OutputReference))

    def __str__(self) -> str:
        return "".join(part.replace("$", "$$") if isinstance(part, str) else str(part) for part in self.parts)


def parse_template(text: str) -> Template:
    """Read a value with its references.

    Raises:
        TemplateError: some are malformed; `error.messages` tells of each, with the mend.
    """
    parts: list[Part] = []
    messages: list[str] = []
    end = 0
    for token in _TOKEN.finditer(text):
        parts.append(text[end : token.start()])
        end = token.end()
        if token["unclosed"]:
            messages.append('"${" is not closed by "}"; for a plain "${" write "$${"')
        elif token["inside"] is None:
            parts.append("$")
        elif reference := _reference(token["inside"].strip()):
            parts.append(reference)
        else:
            messages.append(f"{quoted(token[0])} is no reference; {_mend(token['inside'].strip())}")
    if messages:
        raise TemplateError(messages)
    return Template.of([*parts, text[end:]])


def _reference(inside: str) -> ParamReference | AxisReference | OutputReference | None:
    if param := _PARAM.fullmatch(inside):
        return ParamReference(param=param["param"])
    if axis := _AXIS.fullmatch(inside):
        return AxisReference(axis=axis["axis"])
    if output := _OUTPUT.fullmatch(inside):
        place = output["index"]
        return OutputReference(
            step=output["step"],
            output=output["id"] if place is None else int(place),
            collects=bool(output["whole"] or output["all"]),
        )
    return None


def _mend(inside: str) -> str:
    head, _, rest = inside.partition(".")
    name = rest.partition(".")[0]
    if head in ("param", "params") and NAME.fullmatch(rest):
        return f'write "${{params.{rest}}}"'
    if head in ("step", "steps") and NAME.fullmatch(name):
        return (
            f'write "${{steps.{name}.output}}", "${{steps.{name}.outputs[0]}}" or "${{steps.{name}.outputs.<id>}}"'
        )
    return 'write "${params.<name>}" or "${steps.<name>.output}", and "$${" for a plain "${"'
