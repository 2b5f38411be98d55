"""Runs that somebody else starts with the same API key: what history shows beside one's own.

A client that looks for a run of its own, whose answer was lost, must not take one of these for it.
"""

from pydantic import ValidationError

from flora_sandbox.calls import Call
from flora_sandbox.faults import Stage
from flora_sandbox.flora import Flora
from flora_sandbox.problems import Problem
from flora_sandbox.shapes import RunRequest
from flora_sandbox.techniques import default_project, names_in_path, technique_job, technique_named
from flora_sandbox.validation import given_inputs


def start_strangers(flora: Flora, call: Call, body: bytes) -> None:
    """Start a stranger's run for each fault that strikes this POST, whatever becomes of the POST itself."""
    names = names_in_path(call.line)
    for fault in flora.rules.strike(Stage.ARRIVAL, call, names):
        try:
            run_id = _stored(flora, call, body, offset=fault.offset)
        except (ValidationError, Problem):
            continue  # the POST is one that FLORA refuses: nobody else starts it either
        flora.runs.begin(run_id)


def _stored(flora: Flora, call: Call, body: bytes, *, offset: float) -> str:
    """Store a run of the technique in the path: the inputs of the POST, its texts changed."""
    definition = technique_named(call.line.split("/")[2])
    items = [
        item.model_copy(update={"value": f"{item.value} (a stranger's)"}) if item.type == "text" else item
        for item in RunRequest.model_validate_json(body).inputs
    ]
    job = technique_job(definition, given_inputs(definition, items, flora.settings), flora.settings)
    with flora.database.transaction():
        return flora.runs.create_stranger(call.owner, job, default_project(), offset=offset)
