"""Names that a param cannot have, because it is a field of a form and a keyword of a flow."""

import keyword
from collections.abc import Iterable

from pydantic import BaseModel

from florist.wording import quoted

OWN_FIELDS = ("rows", "campaign", "budget_usd", "ask_before_usd", "workspace", "archive")
"""The fields that every form has, or may have, besides the pipeline's params."""

_PREFECTS = ("return_state", "wait_for", "self")


def field_name(param: str) -> str:
    """Return what a param is called as a field of a form."""
    return param.replace("-", "_")


def form_name_fault(param: str, others: Iterable[str]) -> str:
    """Return why a param cannot be a field of a form; empty if it can."""
    name = field_name(param)
    for other in others:
        if other != param and field_name(other) == name:
            return f"a form cannot tell {quoted(param)} from {quoted(other)}; give one of them another name"
    owner = _owner(name)
    return f"the name {quoted(param)} is taken by {owner}; give the param another one" if owner else ""


def _owner(name: str) -> str:
    if name in OWN_FIELDS:
        return "the form, which has a field of its own by it"
    if keyword.iskeyword(name):
        return "Python"
    if hasattr(BaseModel, name) or name.startswith(("model_validate", "model_dump")):
        return "pydantic"
    return "Prefect" if name in _PREFECTS else ""
