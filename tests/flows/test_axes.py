"""A pipeline with axes under Prefect: each cell is a task run under its own name."""

from florist.ledger import Ledger
from florist.stores.folder import FolderStore
from tests.flows.conftest import ON_A_FLOOR, Floor

pytestmark = ON_A_FLOOR

TONES = """
name: tones
params: {tones: {list: true}}
steps:
  line: {technique: headline-writer, for: {tone: "${params.tones}"}, inputs: {brief: "Be ${for.tone}"}}
  whole: {technique: art-directors-critique, inputs: {id: "${steps.line.all}"}}
"""


async def test_each_cell_is_a_task_run_under_its_name(floor: Floor):
    flow_run = await floor.run_pipeline(floor.pipeline(TONES), {"tones": "loud, calm"}, campaign="spring")
    assert flow_run.state.is_completed()
    assert set(await flow_run.task_runs(3)) == {"line@calm", "line@loud", "whole"}
    entries = await Ledger(FolderStore(floor.folder)).entries()
    assert {entry.work.step for entry in entries} == {"line@calm", "line@loud", "whole"}
