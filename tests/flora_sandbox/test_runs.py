"""The life of a run, its price, and what is made of its inputs."""

import io

import av
import httpx
import pytest
from PIL import Image

from flora_sandbox.server import SandboxServer

WORKSPACE = SandboxServer.workspace_id


def test_run_walks_from_pending_through_running_to_completed(sandbox, flora):
    run_id = flora.text_run().json()["run_id"]
    seen = []

    for seconds in (0, 1.5, 60):
        sandbox.clock.advance(seconds)
        run = flora.finished(run_id) if seconds == 60 else flora.get(f"/runs/{run_id}").json()
        seen.append((run["status"], "outputs" in run, "started_at" in run, "completed_at" in run))

    assert seen == [
        ("pending", False, False, False),
        ("running", False, True, False),
        ("completed", True, True, True),
    ]


def test_text_output_is_the_text_itself(flora):
    [output] = flora.ended_text_run()["outputs"]

    assert output["type"] == "text"
    assert not output["url"].startswith("http")


def test_durations_are_equal_for_equal_seeds(open_sandbox, connect, tmp_path):
    answers = []
    for name in ("one", "two"):
        client = connect(open_sandbox(tmp_path / name, seed=7))
        body = {"technique_id": "tech_headlines01", "workspace_id": WORKSPACE, "inputs": {"brief": "x"}}
        answers.append([client.post("/runs/technique", json=body).json()["estimated_seconds"] for _ in range(3)])

    assert answers[0] == answers[1]
    assert len(set(answers[0])) == 3


def test_chained_step_works_on_the_previous_picture(sandbox, flora, download):
    url = flora.picture()["outputs"][0]["url"]
    body = {"inputs": [{"id": "image", "type": "imageUrl", "value": url}], "mode": "async"}
    run_id = flora.post("/techniques/product-film/runs", json=body).json()["run_id"]
    sandbox.clock.advance(60)

    film_url = flora.finished(run_id)["outputs"][0]["url"]
    with av.open(io.BytesIO(download(film_url))) as film:
        frame = next(film.decode(video=0)).to_image()
    still = Image.open(io.BytesIO(download(url))).convert("RGB").resize(frame.size)

    assert _distance(frame, still) < 40


def test_input_on_a_dead_address_fails_the_run_and_gives_the_money_back(sandbox, flora):
    body = {
        "inputs": [{"id": "input_image", "type": "imageUrl", "value": "http://127.0.0.1:9/x.png"}],
        "mode": "async",
    }
    run_id = flora.post("/techniques/cctv-cam/runs", json=body).json()["run_id"]
    sandbox.clock.advance(60)

    run = flora.finished(run_id)

    assert (run["status"], run["error_code"], run["charged_cost"]) == ("failed", "input_unreachable", 0)


def test_refused_technique_fails_with_its_code_and_http_200(sandbox, flora):
    body = {"inputs": [{"id": "prompt", "type": "text", "value": "someone"}], "mode": "async"}
    run_id = flora.post("/techniques/celebrity-lookalike/runs", json=body).json()["run_id"]
    sandbox.clock.advance(60)

    answer = flora.get(f"/runs/{run_id}")

    assert (answer.status_code, answer.json()["error_code"]) == (200, "safety_blocked")


def test_moody_technique_works_the_third_time_for_the_same_inputs(sandbox, flora, download):
    url = flora.picture()["outputs"][0]["url"]
    body = {"inputs": [{"id": "image", "type": "imageUrl", "value": url}], "mode": "async"}
    statuses = []
    for _ in range(3):
        run_id = flora.post("/techniques/double-upscale/runs", json=body).json()["run_id"]
        sandbox.clock.advance(60)
        statuses.append(flora.finished(run_id)["status"])

    assert statuses == ["failed", "failed", "completed"]


def test_several_values_of_one_input_cost_and_make_one_run_each(sandbox, flora, download):
    url = flora.picture()["outputs"][0]["url"]
    item = {"id": "image", "type": "imageUrl", "value": url}
    run = flora.post("/techniques/square-crop/runs", json={"inputs": [item, item], "mode": "async"}).json()
    sandbox.clock.advance(60)

    assert run["charged_cost"] == 0.02
    assert len(flora.finished(run["run_id"])["outputs"]) == 2


def test_price_is_taken_at_the_start_and_given_back_for_a_failure(sandbox, flora):
    before = _balance(sandbox)
    flora.text_run()
    reserved = before - _balance(sandbox)

    flora.ended_text_run(fault="provider_error")

    assert (round(reserved, 6), round(before - _balance(sandbox), 6)) == (0.01, 0.01)


def test_failed_run_is_charged_where_the_settings_say_so(open_sandbox, connect):
    sandbox = open_sandbox(charge_failed_runs=True)

    run = connect(sandbox).ended_text_run(fault="provider_error")

    assert run["charged_cost"] == 0.01
    assert sandbox.books().total.charged_usd == run_cost(0.01)


def test_balance_that_does_not_cover_the_run_is_a_402_and_makes_none(sandbox, flora):
    sandbox.set_balance(0.015)

    statuses = [flora.text_run().status_code for _ in range(3)]

    assert statuses == [200, 402, 402]
    assert sandbox.books().total.runs == 1


def test_run_of_another_technique_is_not_found_under_this_one(flora):
    run_id = flora.text_run().json()["run_id"]

    assert flora.get(f"/techniques/key-visual/runs/{run_id}").status_code == 404


def test_generation_runs_to_its_end_and_stands_in_its_own_history(sandbox, flora):
    body = {"type": "text", "prompt": "A haiku", "workspace_id": WORKSPACE, "project_id": "prj_launch00001"}
    started = flora.post("/generate", json=body).json()
    sandbox.clock.advance(60)

    assert flora.finished(started["run_id"])["status"] == "completed"
    [item] = flora.get("/generations").json()["generations"]
    assert (item["generation_id"], item["model"]) == (started["run_id"], started["model"])
    assert flora.get("/technique-runs").json()["technique_runs"] == []


def test_action_resizes_the_picture_it_is_given(sandbox, flora, download):
    url = flora.picture()["outputs"][0]["url"]
    body = {
        "action_id": "resize-image-browser",
        "workspace_id": WORKSPACE,
        "project_id": "prj_launch00001",
        "inputs": [{"type": "image", "url": url}],
        "params": {"longest": 64},
    }
    run_id = flora.post("/runs/action", json=body).json()["run_id"]
    sandbox.clock.advance(60)

    resized = download(flora.finished(run_id)["outputs"][0]["url"])

    assert max(Image.open(io.BytesIO(resized)).size) == 64


@pytest.mark.parametrize(("stream", "media_type"), [("json", "application/json"), ("events", "text/event-stream")])
def test_stream_mode_starts_a_run_in_the_form_set(open_sandbox, connect, stream, media_type):
    sandbox = open_sandbox(stream=stream)

    answer = connect(sandbox).text_run(mode="stream")

    assert answer.headers["content-type"].startswith(media_type)
    assert "run_" in answer.text
    assert sandbox.books().total.runs == 1


def run_cost(usd: float):
    from decimal import Decimal

    return Decimal(str(usd))


def _balance(sandbox: SandboxServer) -> float:
    return httpx.get(f"{sandbox.admin_url}/balances").json()[WORKSPACE]


def _distance(one: Image.Image, other: Image.Image) -> float:
    pairs = zip(one.convert("L").get_flattened_data(), other.convert("L").get_flattened_data(), strict=True)
    return sum(abs(a - b) for a, b in pairs) / (one.width * one.height)
