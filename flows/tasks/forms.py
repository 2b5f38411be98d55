"""Forms: a pipeline's params as the signature of a flow, by which Prefect makes a form and checks what is typed.

Prefect's form shows an Optional as two tabs, of which one says "Property is type None", and a dict as a box for
JSON: so every field is a text, a number, a choice or a list of choices, and what may be left out is empty.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from inspect import Parameter, Signature
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from florist.api.models import MediaKind
from florist.pipelines import Param, Pipeline
from florist.pipelines.axes import list_items
from florist.pipelines.form_names import field_name
from florist.pipelines.schedules import DATE

BUDGET_USD = Decimal(20)
ASK_BEFORE_USD = Decimal(5)
"""Where the pipeline's file names none."""

NO_CHOICE = "(none)"
"""What a form shows for a choice that nobody has made: it offers no empty one."""

_NAMED_BLOCK = "default"
_MONEY = Annotated[float, Field(ge=0)]
_FILLED = Annotated[str, Field(min_length=1)]


class Answers(NamedTuple):
    """What a form was sent with.

    Attributes:
        params: those that differ from the pipeline's own defaults, whose paths start at the pipeline's folder.
    """

    params: Mapping[str, str]
    rows: str
    campaign: str
    budget_usd: Decimal
    ask_before_usd: Decimal
    workspace: str
    archive: str


def form_signature(pipeline: Pipeline) -> Signature:
    """Return the signature of the flow whose form has the pipeline's params, and what every run is asked."""
    fields = [*_param_fields(pipeline), *_run_fields(pipeline)]
    # What must be given may stand behind what need not: all are keywords.
    return Signature(fields, return_annotation=Any)


def answers(pipeline: Pipeline, given: Mapping[str, Any]) -> Answers:
    """Return what a form was sent with; fields that were not sent have their defaults."""
    fields = form_signature(pipeline).parameters
    # Prefect hands a default that carries a description on as it is.
    sent = {name: value for name, value in given.items() if not isinstance(value, FieldInfo)}
    values = {name: sent.get(name, fields[name].default.default) for name in fields}
    params = {
        name: text
        for name, param in pipeline.params.items()
        if (text := _as_text(param, values[field_name(name)])) not in ("", _as_text(param, param.default))
    }
    return Answers(
        params,
        rows=values.get("rows", ""),
        campaign=values["campaign"],
        budget_usd=Decimal(str(values["budget_usd"])),
        ask_before_usd=Decimal(str(values["ask_before_usd"])),
        workspace=values["workspace"],
        archive=values["archive"],
    )


def form_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what has changed between two forms, given as Prefect's schemas: `added tone`, `changed scene`, …"""
    old, new = before.get("properties", {}), after.get("properties", {})
    needed = [schema.get("required", []) for schema in (before, after)]

    def changed(name: str) -> bool:
        fields = [{**field, "position": None} for field in (old[name], new[name])]
        return fields[0] != fields[1] or (name in needed[0]) != (name in needed[1])

    return (
        *(f"added {name}" for name in new if name not in old),
        *(f"removed {name}" for name in old if name not in new),
        *(f"changed {name}" for name in new if name in old and changed(name)),
    )


def _param_fields(pipeline: Pipeline) -> Iterator[Parameter]:
    for name, param in pipeline.params.items():
        default = _default(param, pipeline)
        extra: dict[str, Any] = {"title": param.title or _words(name)}
        kind: Any
        if param.choices:
            # A single one would be shown as a text to fill in.
            offered = param.choices if param.list or default != NO_CHOICE else (NO_CHOICE, *param.choices)
            kind = Literal[offered]
            enum = {"type": "string", "enum": list(offered)}
            extra |= {"items": enum} if param.list else enum
        else:
            kind = _FILLED if default is ... and not param.list else str
        if param.list:
            kind = Annotated[list[kind], Field(min_length=1)] if default != [] else list[kind]
            extra["uniqueItems"] = True
        yield _field(field_name(name), kind, default, _help(param, pipeline), extra)


def _default(param: Param, pipeline: Pipeline) -> Any:
    """Return what a field shows at first; `...` if it has to be filled in."""
    if param.list:
        return list(list_items(param.default or "")) or ([] if pipeline.takes_rows else ...)
    empty = NO_CHOICE if param.choices else ""
    return param.default or (empty if param.optional or pipeline.takes_rows else ...)


def _help(param: Param, pipeline: Pipeline) -> str:
    words = [param.description.rstrip(".") + "." if param.description else ""]
    if param.type is not MediaKind.TEXT:
        words.append(
            "A path on the worker, an https address, s3://bucket/key, or upload:… as the upload page gives it. No "
            "signed URL, for Prefect keeps what is typed here readable."
        )
    if param.optional:
        words.append("A space leaves it out." if param.default and not param.choices else "May be left out.")
    elif pipeline.takes_rows and param.default is None:
        words.append("Needed where the rows have no column for it.")
    return " ".join(filter(None, words))


def _run_fields(pipeline: Pipeline) -> Iterator[Parameter]:
    if pipeline.takes_rows:
        yield _field(
            "rows",
            str,
            "",
            "For many at once, a spreadsheet with a row for each (CSV, .xlsx, JSON lines, YAML): a path on the "
            "worker, https://… or s3://… Its columns go before the fields above. Empty: one run of those.",
            {"title": "Rows"},
        )
    yield _field(
        "campaign",
        str,
        "",
        f"A name for this piece of work; {DATE} becomes the day. The same name again resumes it: what is paid is "
        "not paid twice. Empty: all is made and paid for anew.",
        {"title": "Campaign"},
    )
    yield _field(
        "budget_usd",
        _MONEY,
        float(pipeline.campaign.budget_usd or BUDGET_USD),
        "What the campaign may cost at most, all that it has cost before included. The rest is not started.",
        {"title": "Budget (USD)"},
    )
    yield _field(
        "ask_before_usd",
        _MONEY,
        float(pipeline.ask_before_usd or ASK_BEFORE_USD),
        "A run that would cost more than this ends at once as NeedsConfirmation, before anything is paid, and "
        "says its price: raise this to the price and run it again to agree. What runs by itself is not asked; "
        "its budget holds.",
        {"title": "Ask before (USD)"},
    )
    yield _field(
        "workspace", str, _NAMED_BLOCK, "Who pays: the name of a FLORA Workspace block.", {"title": "Workspace"}
    )
    yield _field(
        "archive",
        str,
        _NAMED_BLOCK,
        "Where outputs are kept: the name of an S3 Archive or Local Archive block. If there is one of each, put "
        "its type before it, as in s3-archive/default.",
        {"title": "Archive"},
    )


def _field(name: str, kind: Any, default: Any, described: str, extra: dict[str, Any]) -> Parameter:
    # A description in `Annotated` would be dropped, and one in the docstring has to be a single line.
    info = Field(default=default, description=described, json_schema_extra=extra)
    return Parameter(name, Parameter.KEYWORD_ONLY, annotation=kind, default=info)


def _as_text(param: Param, value: Any) -> str:
    # None and undefined: no default, and a run that was made without a field that it needs.
    if value in (None, PydanticUndefined) or (param.choices and value == NO_CHOICE):
        return ""
    return ", ".join(value) if isinstance(value, list) else str(value)


def _words(name: str) -> str:
    return field_name(name).replace("_", " ").capitalize()
