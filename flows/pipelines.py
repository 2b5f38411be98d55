"""A flow for each YAML in pipelines/, its params a form: `flows.pipelines.product_launch`, made when asked for.

is the form stale? ─► plan, price ─► is it agreed to? ─► step ─┬─► step ─┬─► report        as in run_pipeline.py
                                                               └─► step ─┘
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect import Flow, flow, get_client, runtime
from prefect.client.schemas.objects import FlowRun, State
from prefect.context import FlowRunContext
from prefect.states import Failed

from florist.campaigns.options import CampaignOptions
from florist.campaigns.plan.errors import PriceNotAgreedError
from florist.campaigns.plan.planning import Wanted
from florist.errors import ConfigurationError
from florist.pipelines import Pipeline, load_pipeline
from florist.pipelines.campaign_defaults import CampaignDefaults
from florist.pipelines.errors import InvalidPipelineError
from florist.pipelines.schedules import dated_campaign
from florist.studio.campaigns import campaign_name
from florist.studio.row_locations import absolute_location, rows_of, shown_location
from florist.studio.s3_files import with_s3_files
from florist.studio.steps import WINDOW
from flows.tasks import (
    Answers,
    answers,
    archive_named,
    ended,
    form_changes,
    form_signature,
    is_unattended,
    log_in_flight,
    name_of,
    run_as_flow,
    started_too_often,
    this_flow_run,
    unbudgeted,
    workspace_named,
)

FOLDER = Path("pipelines")
"""Below the folder that is deployed from, where a worker works too."""


def __getattr__(name: str) -> Flow[..., Any]:
    file = pipeline_files().get(name)
    if file is None:
        raise AttributeError(f"no file in {FOLDER.absolute()} makes a flow {name}")
    return pipeline_flow(load_pipeline(file))


def pipeline_files(folder: Path = FOLDER) -> Mapping[str, Path]:
    """Return the files that are flows, by the flows' names in this module."""
    return {file.stem.replace("-", "_"): file for file in sorted(folder.glob("*.yaml"))}


def pipeline_flow(pipeline: Pipeline) -> Flow[..., Any]:
    """Return the flow that runs a pipeline with what its form was sent with."""

    def run_name() -> str:
        own = answers(pipeline, runtime.flow_run.get_parameters())
        return name_of(pipeline.name, campaign=_campaign(pipeline, own))

    async def tell(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
        own = answers(pipeline, flow_run.parameters)
        archive = await archive_named(own.archive)
        await log_in_flight(flow, flow_run, state, archive, _campaign(pipeline, own, flow_run))

    async def run(**given: Any) -> Any:  # as in run_pipeline: a CampaignResult
        own = answers(pipeline, given)
        return await started_too_often() or await _stale() or _unbudgeted(pipeline) or await _run(pipeline, own)

    run.__signature__ = form_signature(pipeline)  # type: ignore[attr-defined]
    run.__name__ = run.__qualname__ = pipeline.name.replace("-", "_")
    as_flow = flow(
        name=pipeline.name,
        description=pipeline.description or None,
        flow_run_name=run_name,
        persist_result=False,
        retries=0,
        on_cancellation=[tell],
        on_crashed=[tell],
    )
    return as_flow(run)


async def _run(pipeline: Pipeline, own: Answers) -> Any:
    try:
        async with rows_of(own.rows) as rows, with_s3_files(pipeline, own.params) as params:
            location = shown_location(absolute_location(own.rows))
            options = CampaignOptions.of(pipeline.campaign, CampaignDefaults(budget_usd=own.budget_usd))
            result = await run_as_flow(
                Wanted(pipeline, params, rows, location, _campaign(pipeline, own)),
                workspace=await workspace_named(own.workspace),
                archive=await archive_named(own.archive),
                window=WINDOW,
                options=options,
                agreed_usd=None if is_unattended(this_flow_run()) else own.ask_before_usd,
            )
    except PriceNotAgreedError as error:
        return Failed(name="NeedsConfirmation", message=str(error))
    except (ConfigurationError, InvalidPipelineError) as mistake:
        return Failed(message=str(mistake))  # of whoever filled in the form: the words help, a traceback does not
    return ended(result, min_success=options.min_success)


async def _stale() -> State[Any] | None:
    """Return the end of a flow run whose deployment has another form than the file makes by now."""
    context = FlowRunContext.get()
    deployment_id = this_flow_run().deployment_id
    if deployment_id is None or context is None or context.flow is None:
        return None
    async with get_client() as client:
        deployment = await client.read_deployment(deployment_id)
    changes = form_changes(deployment.parameter_openapi_schema or {}, context.flow.parameters.model_dump())
    if not changes:
        return None
    return Failed(
        name="StaleForm",
        message=f"the form is stale: the file in {FOLDER}/ has changed since it was deployed "
        f"({', '.join(changes)}). Nothing was paid. Deploy it again: florist deploy",
    )


def _unbudgeted(pipeline: Pipeline) -> State[Any] | None:
    if pipeline.campaign.budget_usd is not None:
        return None
    return unbudgeted(f"Write campaign: {{budget_usd: …}} into the file of {pipeline.name}, then: florist deploy")


def _campaign(pipeline: Pipeline, own: Answers, flow_run: FlowRun | None = None) -> str:
    flow_run = flow_run or this_flow_run()
    named = dated_campaign(
        own.campaign,
        pipeline=pipeline.name,
        schedule=pipeline.schedule,
        at=flow_run.expected_start_time or runtime.flow_run.scheduled_start_time,
        is_scheduled=is_unattended(flow_run),
    )
    return campaign_name(named)
