"""What people see of a pipeline in Prefect's UI, in Chromium: its form, and the page of its flow run."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from florist.pipelines import load_pipeline
from tests.browsers import needs_chromium, open_browser
from tests.flows.conftest import ON_A_FLOOR, ROOT, Floor, floor_in

pytestmark = [*ON_A_FLOOR, needs_chromium]

NAME = "browser"
PIPELINE = load_pipeline(ROOT / "pipelines/product-launch.yaml")
OWN = ["Rows", "Campaign", "Budget (USD)", "Ask before (USD)", "Workspace", "Archive"]
PREFECTS = ["Run Name", "Enforce Parameter Schema", "Start"]
ELSEWHERE = re.compile(r"^https?://(?!127\.0\.0\.1)")


@dataclass(frozen=True)
class Ui:
    """The pipeline deployed, run once, and a page of a browser."""

    server: str
    deployment_id: str
    flow_run_id: str
    page: Any

    def open(self, path: str) -> Any:
        self.page.goto(f"{self.server}/v2{path}")
        return self.page

    def form(self) -> Any:
        page = self.open(f"/deployments/deployment/{self.deployment_id}/run")
        page.get_by_label("Archive").wait_for()
        return page

    def flow_runs(self) -> list[Any]:
        """Return those of the deployment, the newest first."""
        body = {"flow_runs": {"deployment_id": {"any_": [self.deployment_id]}}, "sort": "EXPECTED_START_TIME_DESC"}
        found: list[Any] = httpx.post(f"{self.server}/api/flow_runs/filter", json=body).raise_for_status().json()
        return found


async def deployed_and_run(floor: Floor) -> tuple[str, str]:
    """Deploy the pipeline, press Run, and do what a worker does; returns the ids of deployment and flow run."""
    from prefect import get_client
    from prefect.flow_engine import run_flow_async

    from blocks import FloraWorkspace, LocalArchive
    from deployments.prepare import WORK_POOL, make_work_pool
    from flows.pipelines import pipeline_flow

    await FloraWorkspace(api_key=floor.sandbox.api_key, base_url=floor.sandbox.base_url).save(NAME, overwrite=True)
    await LocalArchive(path=floor.folder).save(NAME, overwrite=True)
    flow = pipeline_flow(PIPELINE)
    async with get_client() as client:
        await make_work_pool(client)
        # As `florist deploy` does it, without its process; tests/flows/test_forms.py deploys for real.
        deployment_id = await client.create_deployment(
            await client.create_flow(flow),
            name=PIPELINE.name,
            work_pool_name=WORK_POOL,
            entrypoint="flows.pipelines.product_launch",
            parameter_openapi_schema=flow.parameters.model_dump(),
            enforce_parameter_schema=True,
        )
        sent = {"workspace": NAME, "archive": f"local-archive/{NAME}", "campaign": "autumn & co"}
        flow_run = await client.create_flow_run_from_deployment(deployment_id, parameters=sent)
    await run_flow_async(flow, flow_run, flow_run.parameters, return_type="state")
    return str(deployment_id), str(flow_run.id)


@pytest.fixture(scope="module")
def ui(
    prefect_environment: dict[str, str], workspace_type: type[Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ui]:
    with floor_in(tmp_path_factory.mktemp("browser"), workspace_type, duration_scale=0) as floor:
        deployment_id, flow_run_id = asyncio.run(deployed_and_run(floor))
        with open_browser() as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 1600})
            page.route(ELSEWHERE, lambda route: route.abort())
            server = prefect_environment["PREFECT_API_URL"].removesuffix("/api")
            yield Ui(server, deployment_id, flow_run_id, page)


def test_form_shows_the_fields_of_the_file_and_what_every_run_is_asked_and_no_other(ui: Ui):
    form = ui.form().locator("form")
    labels = [label.removesuffix(" (Optional)") for label in form.locator("label").all_inner_texts()]
    titles = [name.capitalize() for name in PIPELINE.params]
    assert [label for label in labels if label not in PREFECTS] == [*titles, *OWN]
    for title, param in zip(titles, PIPELINE.params.values(), strict=True):
        field = form.get_by_label(title, exact=False).first
        shown = field.inner_text() if param.choices else field.input_value()
        assert shown == param.default
        assert form.get_by_text(param.description).count() == 1
    assert "upload:…" in form.inner_text()
    assert "None" not in form.inner_text()


def test_field_with_choices_offers_those_and_a_wrong_one_typed_past_it_is_refused_with_what_there_is(ui: Ui):
    page = ui.form()
    page.get_by_label("Tone").click()
    assert tuple(page.get_by_role("option").all_inner_texts()) == PIPELINE.params["tone"].choices
    assert any(is_refused(ui, "shrill") for _ in range(3))
    assert {run["parameters"].get("tone") for run in ui.flow_runs()}.isdisjoint({"shrill"})


def is_refused(ui: Ui, tone: str) -> bool:
    """Type a tone past the choices, submit it, and tell whether the form says that it is none.

    The editor hands on what is typed into it after a pause: on a busy machine the form may be sent without.
    """
    page = ui.form()
    page.get_by_role("button", name="Open menu").nth(list(PIPELINE.params).index("tone")).click()
    page.get_by_role("menuitem", name="Use JSON Input").click()
    editor = page.locator(".cm-content")
    editor.get_by_text("playful").wait_for()  # what is typed before is replaced by the default
    editor.fill(f'"{tone}"')
    page.wait_for_timeout(1000)
    page.get_by_role("button", name="Submit").click()
    try:
        page.get_by_text(f"'{tone}' is not one of").first.wait_for(timeout=10_000)
    except Exception as error:  # Playwright is imported where a browser is opened, and nowhere else
        if type(error).__name__ != "TimeoutError":
            raise
        return False
    return True


def test_form_that_is_sent_makes_a_flow_run_of_what_was_filled_in(ui: Ui):
    page = ui.form()
    page.get_by_label("Tone").click()
    page.get_by_role("option", name="luxury").click()
    page.get_by_label("Campaign").fill("winter")
    page.get_by_role("button", name="Submit").click()
    page.wait_for_url(lambda url: not url.endswith("/run"))
    sent = ui.flow_runs()[0]["parameters"]
    assert (sent["tone"], sent["campaign"]) == ("luxury", "winter")


def test_report_in_the_ui_has_bill_pictures_that_are_drawn_and_plan(ui: Ui):
    page = ui.open(f"/runs/flow-run/{ui.flow_run_id}?tab=Artifacts")
    page.get_by_text("autumn & co · $0.64").first.wait_for()
    page.get_by_text("report-autumn-co").click()
    picture = page.get_by_role("img", name="still")
    picture.wait_for()
    assert picture.evaluate("picture => picture.naturalWidth") > 100
    assert picture.get_attribute("src").startswith("data:image/webp;base64,")
    assert page.locator("h2").all_inner_texts() == ["Bill", "Pictures", "Plan, before the first run"]
    assert "campaigns/autumn" not in page.url
