"""Looks at deployed pipelines: whether their forms are those of the files, and whether schedules have a budget."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from prefect.client.schemas.responses import DeploymentResponse

from deployments.deploying import FORMS as FORM_ENTRYPOINTS
from florist.checkup.finding import Finding, fail, ok
from florist.pipelines import load_pipeline
from florist.pipelines.errors import PipelineFileError
from flows.pipelines import pipeline_files, pipeline_flow
from flows.tasks import form_changes

FORMS = "Prefect forms"
BUDGETS = "Prefect schedules"
SPENDING = (FORM_ENTRYPOINTS, "flows.run_pipeline.", "flows.run_technique.")
"""How the entrypoints of flows begin that pay for runs."""


async def forms_finding(deployed: Sequence[DeploymentResponse], folder: Path) -> Finding:
    """Return whether each form is the one that its file makes by now."""
    forms = [each for each in deployed if (each.entrypoint or "").startswith(FORM_ENTRYPOINTS)]
    stale = list(_stale(forms, folder))
    if stale:
        return fail(FORMS, f"stale, so that their runs are refused: {'; '.join(stale)}", "florist deploy")
    return ok(FORMS, f"{len(forms)} as their files in {folder}/")


async def budgets_finding(deployed: Sequence[DeploymentResponse], folder: Path) -> Finding:
    """Return whether all that spends and runs by itself has a budget."""
    scheduled = [each for each in deployed if any(schedule.active for schedule in each.schedules)]
    spending = [each for each in scheduled if (each.entrypoint or "").startswith(SPENDING)]
    without = [each.name for each in spending if not _has_budget(each, folder)]
    if without:
        mend = "write campaign: {budget_usd: …} into the file, then: florist deploy"
        return fail(BUDGETS, f"no budget, so that nothing is run: {', '.join(without)}", mend)
    return ok(BUDGETS, f"switched on: {len(scheduled)}; of these {len(spending)} spend, within a budget")


def _stale(forms: Sequence[DeploymentResponse], folder: Path) -> Iterator[str]:
    files = pipeline_files(folder)
    for each in forms:
        file = files.get(_name(each))
        if file is None:
            yield f"{each.name} (its file is gone)"
            continue
        try:
            now = pipeline_flow(load_pipeline(file)).parameters.model_dump()
        except PipelineFileError as error:
            yield f"{each.name} ({error})"
            continue
        if changes := form_changes(each.parameter_openapi_schema or {}, now):
            yield f"{each.name} ({', '.join(changes)})"


def _has_budget(deployment: DeploymentResponse, folder: Path) -> bool:
    if (deployment.entrypoint or "").startswith(FORM_ENTRYPOINTS):
        file = pipeline_files(folder).get(_name(deployment))
        return file is not None and load_pipeline(file).campaign.budget_usd is not None
    active = [each.parameters for each in deployment.schedules if each.active]
    return all({**deployment.parameters, **own}.get("budget_usd") is not None for own in active)


def _name(deployment: DeploymentResponse) -> str:
    return (deployment.entrypoint or "").removeprefix(FORM_ENTRYPOINTS)
