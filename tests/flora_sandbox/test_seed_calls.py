"""The calls printed in FLORA's own pages, with their placeholders filled."""

from flora_sandbox.server import SandboxServer

WORKSPACE = SandboxServer.workspace_id


def test_top_level_technique_run_of_the_reference(flora):
    technique = flora.get("/techniques/headline-writer").json()

    body = {"inputs": {"brief": "bar"}, "technique_id": technique["technique_id"], "workspace_id": WORKSPACE}
    answer = flora.post("/runs/technique", json=body)

    assert answer.status_code == 200
    assert answer.json()["type"] == "technique"
    assert answer.json()["charged_cost"] == technique["run_cost"]
    assert "status" not in answer.json()


def test_nested_run_of_the_reference(flora):
    body = {"inputs": [{"id": "id", "type": "text", "value": "value"}], "mode": "async"}

    run = flora.post("/techniques/art-directors-critique/runs", json=body).json()

    assert (run["status"], run["progress"]) == ("pending", 0)
    assert run["poll_url"].endswith(f"/techniques/art-directors-critique/runs/{run['run_id']}")
    assert "outputs" not in run


def test_nested_run_of_the_guide(flora):
    body = {
        "inputs": [{"id": "input_image", "type": "imageUrl", "value": "https://example.com/photo.png"}],
        "mode": "async",
        "idempotency_key": "request-123",
    }

    run = flora.post("/techniques/cctv-cam/runs", json=body)

    assert (run.status_code, run.json()["status"]) == (200, "pending")


def test_poll_of_the_guide(flora):
    run_id = flora.text_run().json()["run_id"]

    poll = flora.get(f"/techniques/headline-writer/runs/{run_id}")

    assert (poll.status_code, poll.json()["run_id"]) == (200, run_id)


def test_generation_of_the_guide_with_its_own_project_prefix(flora):
    project_id = flora.get("/projects", params={"workspace_id": WORKSPACE}).json()["projects"][0]["project_id"]
    body = {
        "type": "image",
        "prompt": "A small blue flower on a white background",
        "workspace_id": WORKSPACE,
        "project_id": project_id.replace("prj_", "proj_"),
    }

    answer = flora.post("/runs/generation", json=body)

    assert (answer.status_code, answer.json()["type"]) == (200, "generation")


def test_top_level_run_of_the_guide(flora):
    technique_id = flora.get("/techniques/cctv-cam").json()["technique_id"]
    body = {
        "technique_id": technique_id,
        "workspace_id": WORKSPACE,
        "inputs": {"input_image": "https://example.com/photo.png"},
    }

    assert flora.post("/runs/technique", json=body).status_code == 200


def test_history_of_the_reference(flora):
    run_id = flora.text_run().json()["run_id"]

    page = flora.get("/technique-runs").json()

    assert [item["technique_run_id"] for item in page["technique_runs"]] == [run_id]
    assert page["meta"] == {"next_cursor": None, "total_estimate": 1}


def test_definition_by_slug_and_by_id_are_the_same(flora):
    by_slug = flora.get("/techniques/cctv-cam").json()

    assert flora.get(f"/techniques/{by_slug['technique_id']}").json() == by_slug
