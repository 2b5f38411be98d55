"""A pipeline deployed as a form: what it asks, what the server refuses, what runs by itself may cost."""

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from florist.pipelines import load_pipeline, parse_pipeline
from tests.flows.conftest import ON_A_FLOOR, ROOT, Floor, FlowRun, floor_in

pytestmark = ON_A_FLOOR

NAME = "forms"
PRODUCT_LAUNCH = ROOT / "pipelines/product-launch.yaml"
PIPELINE = """
name: headline-form
params:
  brief: {default: Spring flowers}
  tone: {choices: [calm, loud], default: calm}
campaign: {budget_usd: 20}
schedule: {cron: "0 * * * *", timezone: Europe/Berlin}
steps:
  lines: {technique: headline-writer, inputs: {brief: "${params.tone}: ${params.brief}"}}
"""
OWN = {"rows", "campaign", "budget_usd", "ask_before_usd", "workspace", "archive"}


@dataclass(frozen=True)
class Form:
    """The pipeline as it is deployed from a folder."""

    folder: Path
    floor: Floor

    @property
    def flow(self) -> Any:
        from flows.pipelines import pipeline_flow

        return pipeline_flow(load_pipeline(self.folder / "pipelines/headline-form.yaml"))

    def deploy(self) -> Any:
        from deployments.deploying import deploy

        (deployed,) = deploy(self.folder)
        return deployed

    async def deployment(self) -> Any:
        from prefect import get_client

        async with get_client() as client:
            return await client.read_deployment_by_name("headline-form/headline-form")

    async def send(self, **fields: Any) -> FlowRun:
        """Press Run, and do what a worker does."""
        from prefect import get_client

        blocks = {"workspace": NAME, "archive": f"local-archive/{NAME}"}
        async with get_client() as client:
            deployment = await self.deployment()
            flow_run = await client.create_flow_run_from_deployment(deployment.id, parameters={**blocks, **fields})
        return await self.run(flow_run)

    async def run(self, flow_run: Any) -> FlowRun:
        from prefect.flow_engine import run_flow_async

        state = await run_flow_async(self.flow, flow_run, flow_run.parameters, return_type="state")
        return FlowRun(state, await state.aresult(raise_on_failure=False))

    async def scheduled(self, start: datetime, end: datetime) -> list[Any]:
        """Have the server make the runs of its schedule in a span of time, which may have passed."""
        from prefect import get_client
        from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId

        deployment = await self.deployment()
        schedule = deployment.schedules[0].id
        blocks = {"workspace": NAME, "archive": f"local-archive/{NAME}"}
        async with get_client() as client:
            await client.update_deployment_schedule(deployment.id, schedule, active=True)
            span = {"start_time": start.isoformat(), "end_time": end.isoformat(), "min_runs": 50, "max_runs": 50}
            await client._client.post(f"/deployments/{deployment.id}/schedule", json=span)
            await client.update_deployment_schedule(deployment.id, schedule, active=False)
            of_ours = DeploymentFilter(id=DeploymentFilterId(any_=[deployment.id]))
            found = await client.read_flow_runs(deployment_filter=of_ours)
        runs = [each for each in found if each.auto_scheduled and start <= each.expected_start_time <= end]
        return [each.model_copy(update={"parameters": {**each.parameters, **blocks}}) for each in runs]


@pytest.fixture(scope="module")
def form(workspace_type: type[Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Form]:
    """The form, deployed by a folder of its own."""
    from prefect import get_client

    from blocks import FloraWorkspace, LocalArchive
    from deployments.prepare import make_work_pool  # what `florist deploy` expects to be there

    folder = tmp_path_factory.mktemp("forms")
    (folder / "pipelines").mkdir()
    (folder / "pipelines/headline-form.yaml").write_text(PIPELINE)
    with floor_in(folder, workspace_type, duration_scale=0) as floor:

        async def prepare() -> None:
            workspace = FloraWorkspace(api_key=floor.sandbox.api_key, base_url=floor.sandbox.base_url)
            await workspace.save(NAME, overwrite=True)
            await LocalArchive(path=floor.folder).save(NAME, overwrite=True)
            async with get_client() as client:
                await make_work_pool(client)

        asyncio.run(prepare())
        form = Form(folder, floor)
        assert form.deploy().form_changes is None
        yield form


@pytest.fixture
def changed(form: Form, tmp_path: Path) -> Any:
    """Have another text in the pipeline's file than the one that is deployed."""

    def change(old: str, new: str) -> Form:
        shutil.copytree(form.folder / "pipelines", tmp_path / "pipelines")
        assert old in PIPELINE
        (tmp_path / "pipelines/headline-form.yaml").write_text(PIPELINE.replace(old, new))
        return replace(form, folder=tmp_path)

    return change


def test_form_of_product_launch_has_the_fields_of_its_file_and_what_every_run_is_asked():
    from prefect.flows import load_flow_from_entrypoint

    pipeline = load_pipeline(PRODUCT_LAUNCH)
    schema = load_flow_from_entrypoint("flows.pipelines.product_launch").parameters
    assert schema.properties.keys() == pipeline.params.keys() | OWN
    for name, param in pipeline.params.items():
        field = schema.properties[name]
        assert (field["default"], field.get("enum", [])) == (param.default, list(param.choices))
        assert field["description"].startswith(param.description)
    assert {field["type"] for field in schema.properties.values()} == {"string", "number"}
    assert schema.required == []


async def test_form_deployed_again_changes_nothing_and_leaves_its_schedule_as_it_was_switched(form: Form):
    from prefect import get_client

    before = await form.deployment()
    (schedule,) = before.schedules
    assert not schedule.active
    async with get_client() as client:
        await client.update_deployment_schedule(before.id, schedule.id, active=True)
        deployed = await asyncio.to_thread(form.deploy)
        after = await form.deployment()
        await client.update_deployment_schedule(before.id, after.schedules[0].id, active=False)
    assert (deployed.form_changes, after.id) == ((), before.id)
    assert after.parameter_openapi_schema == before.parameter_openapi_schema
    assert [(each.active, str(each.schedule.cron)) for each in after.schedules] == [(True, "0 * * * *")]


async def test_choice_that_is_none_is_refused_by_the_server(form: Form):
    from prefect.exceptions import PrefectHTTPStatusError

    with pytest.raises(PrefectHTTPStatusError, match=r"shrill.*is not one of"):
        await form.send(tone="shrill")


async def test_form_sent_runs_the_pipeline_and_the_run_is_called_by_its_price(form: Form):
    from prefect import get_client

    before = form.floor.books.total
    ended = await form.send(tone="loud", campaign="spring")
    async with get_client() as client:
        flow_run = await client.read_flow_run(ended.id)
    charged = form.floor.books.total.charged_usd - before.charged_usd
    assert ended.state.is_completed()
    assert flow_run.name == f"spring · ${charged}"
    assert ended.outcome.made["lines"].charged_usd == charged > 0


async def test_run_above_what_was_agreed_to_ends_before_anything_is_paid_and_names_the_price(form: Form):
    runs = form.floor.books.total.runs
    ended = await form.send(campaign="dear", ask_before_usd=0)
    assert (ended.state.type.value, ended.state.name) == ("FAILED", "NeedsConfirmation")
    assert "ask_before_usd at 0.01 or more" in ended.state.message
    assert form.floor.books.total.runs == runs


async def test_mistake_in_a_form_ends_in_its_words_without_a_traceback_and_unpaid(form: Form):
    runs = form.floor.books.total.runs
    ended = await form.send(archive="no-such-archive")
    log = [line.message for line in await ended.log()]
    assert ended.state.type.value == "FAILED"
    assert "no-such-archive" in ended.state.message
    assert not any("Traceback" in line for line in log)
    assert form.floor.books.total.runs == runs


async def test_run_from_a_stale_form_is_refused_with_what_has_changed(changed: Any):
    form = changed("tone: {choices: [calm, loud]", "mood: {default: grey}\n  tone: {choices: [calm, loud, shrill]")
    runs = form.floor.books.total.runs
    ended = await form.send()
    assert (ended.state.type.value, ended.state.name) == ("FAILED", "StaleForm")
    assert "(added mood, changed tone)" in ended.state.message
    assert form.floor.books.total.runs == runs


async def test_schedule_that_fires_every_hour_by_mistake_pays_once_a_day(form: Form):
    before = form.floor.books.total.runs
    # The hour at which clocks in Berlin go back is among them, whether the server makes one run of it or two.
    span = datetime(2026, 10, 24, 21, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    flow_runs = await form.scheduled(*span)
    ends = [await form.run(flow_run) for flow_run in flow_runs]
    assert len(ends) >= 3
    assert all(ended.state.is_completed() for ended in ends), [ended.state for ended in ends]
    assert form.floor.books.total.runs - before == 1
    assert "headline-form-2026-10-25" in {path.name for path in (form.floor.folder / "campaigns").iterdir()}


async def test_scheduled_run_of_a_pipeline_without_a_budget_is_refused(form: Form, changed: Any):
    (flow_run,) = await form.scheduled(
        datetime(2026, 3, 1, 11, 30, tzinfo=UTC), datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    )
    without = changed('campaign: {budget_usd: 20}\nschedule: {cron: "0 * * * *", timezone: Europe/Berlin}\n', "")
    runs = form.floor.books.total.runs
    ended = await without.run(flow_run)
    assert (ended.state.type.value, ended.state.name) == ("FAILED", "NoBudget")
    assert form.floor.books.total.runs == runs


async def test_flows_for_programs_refuse_a_schedule_without_a_budget(form: Form):
    from prefect.flow_engine import run_flow_async

    from flows.run_pipeline import run_pipeline
    from flows.run_technique import run_technique

    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    flow_runs = await form.scheduled(noon - timedelta(minutes=30), noon + timedelta(minutes=90))
    given = [{"pipeline": str(PRODUCT_LAUNCH), "campaign": "x"}, {"technique": "headline-writer", "inputs": {}}]
    for flow, flow_run, parameters in zip((run_pipeline, run_technique), flow_runs, given, strict=True):
        state = await run_flow_async(flow, flow_run, parameters, return_type="state")
        assert (state.type.value, state.name) == ("FAILED", "NoBudget")


async def test_archive_named_by_two_blocks_is_refused_rather_than_guessed(form: Form):
    from blocks import S3Archive
    from florist.errors import ConfigurationError
    from flows.tasks import archive_named

    await S3Archive(bucket="elsewhere").save(NAME, overwrite=True)
    with pytest.raises(ConfigurationError, match=f"s3-archive/{NAME} or local-archive/{NAME}"):
        await archive_named(NAME)
    assert (await archive_named(f"local-archive/{NAME}")).path == form.floor.folder


def form_of(params: str, more: str = "") -> Any:
    from prefect.utilities.callables import generate_parameter_schema

    from flows.tasks import form_signature

    text = f"name: x\nparams: {params}\nsteps: {{a: {{technique: t}}}}\n{more}"
    return generate_parameter_schema(form_signature(parse_pipeline(text, file=Path("x.yaml"))), {})


def test_field_that_needs_a_value_is_required_and_one_that_does_not_is_no_optional():
    form = form_of("{must: {}, may: {optional: true}, pick: {choices: [a, b], optional: true}}")
    assert form.required == ["must"]
    assert form.properties["must"]["minLength"] == 1
    assert (form.properties["may"]["default"], form.properties["pick"]["default"]) == ("", "(none)")
    assert form.properties["pick"]["enum"] == ["(none)", "a", "b"]
    assert not any("anyOf" in field for field in form.properties.values())


def test_choice_of_one_is_shown_as_a_choice_not_as_a_text():
    form = form_of("{one: {choices: [a], default: a}, many: {choices: [a], default: a, list: true}}")
    assert form.properties["one"]["enum"] == ["a"]
    assert form.properties["many"]["items"]["enum"] == ["a"]


def test_field_that_rows_may_have_need_not_be_filled_in():
    form = form_of("{packshot: {type: imageUrl}}", "rows: {}\n")
    assert (form.required, form.properties["packshot"]["default"]) == ([], "")


def test_path_shown_as_the_default_starts_where_the_pipeline_is():
    from flows.tasks import answers

    pipeline = load_pipeline(PRODUCT_LAUNCH)
    sent = {"packshot": "samples/packshot.png", "scene": "on ice", "tone": "playful"}
    assert answers(pipeline, sent).params == {"scene": "on ice"}


def test_budget_of_a_form_reaches_the_campaign_as_an_exact_amount():
    from flows.tasks import answers

    pipeline = load_pipeline(PRODUCT_LAUNCH)
    assert answers(pipeline, {"budget_usd": 0.1}).budget_usd == Decimal("0.1")


async def test_file_that_changes_is_deployed_with_what_is_new_told_and_a_schedule_it_drops_gone(changed: Any):
    form = changed(PIPELINE, PIPELINE.replace("[calm, loud]", "[calm, loud, shrill]").replace("schedule:", "# "))
    deployed = await asyncio.to_thread(form.deploy)
    assert (deployed.form_changes, deployed.schedule) == (("changed tone",), "")
    assert (await form.deployment()).schedules == []


def test_changes_of_a_form_are_told_field_by_field_and_where_they_stand_is_none():
    from flows.tasks import form_changes

    def form(**fields: dict[str, object]) -> dict[str, object]:
        placed = {name: {**field, "position": place} for place, (name, field) in enumerate(fields.items())}
        return {"properties": placed, "required": ["brief"] if "brief" in fields else []}

    text, number = {"type": "string"}, {"type": "number"}
    before = form(brief=text, tone=text, mood=text)
    assert form_changes(before, form(mood=text, tone=text, brief=text)) == ()
    assert form_changes(before, form(tone=number, brief=text, size=text)) == (
        "added size",
        "removed mood",
        "changed tone",
    )
    assert form_changes(before, {**before, "required": []}) == ("changed brief",)
