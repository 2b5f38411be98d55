"""From a press on Submit in Chromium to the pictures in the report, with a real worker in between."""

import re

import pytest

from tests.browsers import needs_chromium, open_browser
from tests.drills.test_deployments import FORM, WITHIN, Studio, studio, worker

__all__ = ["studio"]

pytestmark = [pytest.mark.drill, needs_chromium]

ELSEWHERE = re.compile(r"^https?://(?!127\.0\.0\.1)")


def test_form_submitted_is_taken_by_a_worker_completed_and_shown(studio: Studio):
    form = f"{studio.prefect.ui_url}/v2/deployments/deployment/{studio.deployment(FORM)['id']}/run"
    before = studio.paid()["runs"]
    with worker(studio), open_browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 1600})
        page.route(ELSEWHERE, lambda route: route.abort())
        page.goto(form)
        page.get_by_label("Tone").click()
        page.get_by_role("option", name="luxury").click()
        page.get_by_label("Campaign").fill("winter")
        page.get_by_role("button", name="Submit").click()
        page.wait_for_url(lambda url: url != form)
        page.goto(f"{studio.prefect.ui_url}/v2/runs")
        page.get_by_role("link", name="winter · $0.64").click(timeout=WITHIN * 1000)
        page.get_by_text("Completed", exact=True).first.wait_for(timeout=WITHIN * 1000)
        page.get_by_role("tab", name="Artifacts").click()
        page.get_by_text("report-winter").click()
        picture = page.get_by_role("img", name="still")
        picture.wait_for()
        assert picture.evaluate("picture => picture.naturalWidth") > 100
    assert studio.paid()["runs"] - before == 4
