"""Rows reach the flow as the location of a file and its digest."""

import hashlib

from florist.pipelines import PlanError
from florist.pipelines.errors import RowsChangedError
from tests.flows.command import Command, command
from tests.flows.conftest import ON_A_FLOOR, Floor

__all__ = ["command"]

pytestmark = ON_A_FLOOR

LINES = """
name: lines
params: {brief: {}}
steps:
  lines: {technique: headline-writer, inputs: {brief: "${params.brief}"}}
"""
CSV = b"sku,Brief,Weight\nv1,Tulips,5\nv2,Roses,6\n"


async def test_flow_with_the_location_of_rows_makes_each(floor: Floor):
    path = floor.folder.parent / "products.csv"
    path.write_bytes(CSV)
    digest = hashlib.sha256(CSV).hexdigest()
    flow_run = await floor.run_pipeline(floor.pipeline(LINES), rows=str(path), rows_sha256=digest)
    assert list(flow_run.outcome.made) == ["v1/lines", "v2/lines"]
    told = [line.message for line in await flow_run.log()]
    assert f"{path}: no param takes Weight" in told


async def test_flow_with_rows_that_changed_since_they_were_priced_pays_for_nothing(floor: Floor):
    path = floor.folder.parent / "products.csv"
    path.write_bytes(CSV + b"v3,Lilies,7\n")
    digest = hashlib.sha256(CSV).hexdigest()
    flow_run = await floor.run_pipeline(floor.pipeline(LINES), rows=str(path), rows_sha256=digest)
    assert isinstance(flow_run.outcome, RowsChangedError)
    assert floor.books.total.requests == 0


async def test_flow_with_rows_that_have_a_problem_pays_for_nothing(floor: Floor):
    path = floor.folder.parent / "products.csv"
    path.write_bytes(CSV + b"v1,,7\n")
    flow_run = await floor.run_pipeline(floor.pipeline(LINES), rows=str(path))
    assert isinstance(flow_run.outcome, PlanError)
    assert [problem.position for problem in flow_run.outcome.problems] == [(4, 1), (4, 2)]
    assert floor.books.total.requests == 0


def test_form_of_the_flow_offers_a_line_for_the_rows():
    from flows.run_pipeline import run_pipeline

    assert run_pipeline.parameters.properties["rows"]["type"] == "string"


async def test_command_with_rows_tells_prefect_where_they_are_and_which(floor: Floor, command: Command):
    path = floor.folder.parent / "products.csv"
    path.write_bytes(CSV)
    name = f"rows-{floor.sandbox.base_url}"
    options = ("--rows", path, "--archive", floor.folder, "--campaign", name)
    _, said = command(floor, "run", floor.pipeline(LINES), *options).communicate(timeout=120)
    assert f"{path}: no param takes Weight" in said
    assert floor.books.total.charged == 2
    parameters = await parameters_of(name)
    assert (parameters["rows"], parameters["rows_sha256"]) == (str(path), hashlib.sha256(CSV).hexdigest())


async def parameters_of(name: str):
    from prefect import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName

    async with get_client() as client:
        (found,) = await client.read_flow_runs(flow_run_filter=FlowRunFilter(name=FlowRunFilterName(like_=name)))
    return found.parameters
