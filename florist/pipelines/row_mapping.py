"""The `rows:` of a pipeline: which columns of a row file give which params.

::

    rows:
      key: SKU                              the column that names the rows; else the first
      params:
        packshot: "images/{sku}.png"        {…} is a column; {key} is the row's key
        tone: "{Tone of voice}"
"""

import re
from collections.abc import Mapping
from typing import Literal

from pydantic import ConfigDict

from florist.frozen import FrozenModel
from florist.pipelines.errors import TemplateError
from florist.wording import quoted

RowFormat = Literal["csv", "tsv", "jsonl", "yaml", "xlsx"]

_TOKEN = re.compile(r"\{\{|\}\}|\{(?P<column>[^{}]*)\}|(?P<stray>[{}])")


class Column(FrozenModel):
    """`{SKU}`: the text in a row's cell of this column."""

    model_config = ConfigDict(extra="forbid")

    name: str


class CellTemplate(FrozenModel):
    """A param's value with columns in it, such as `images/{sku}.png`; braces that are none are doubled."""

    model_config = ConfigDict(extra="forbid")

    parts: tuple[str | Column, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns in it, as they are written there."""
        return tuple(part.name for part in self.parts if isinstance(part, Column))


class RowMapping(FrozenModel):
    """How a row file is read. What is not said here is found out from the file."""

    model_config = ConfigDict(extra="forbid")

    key: str | None = None
    params: Mapping[str, CellTemplate] = {}
    format: RowFormat | None = None
    encoding: str | None = None
    sheet: str | None = None


def parse_cell_template(text: str) -> CellTemplate:
    """Read a value with columns in it.

    Raises:
        TemplateError: a brace is left open, or names no column.
    """
    parts: list[str | Column] = []
    messages: list[str] = []
    end = 0
    for token in _TOKEN.finditer(text):
        parts.append(text[end : token.start()])
        end = token.end()
        if token["stray"]:
            messages.append(f'a "{token[0]}" alone; a column is written {{SKU}}, a plain brace twice')
        elif token["column"] is None:
            parts.append(token[0][0])
        elif name := token["column"].strip():
            parts.append(Column(name=name))
        else:
            messages.append(f"{quoted(token[0])} names no column")
    if messages:
        raise TemplateError(messages)
    return CellTemplate(parts=tuple(part for part in [*parts, text[end:]] if part != ""))
