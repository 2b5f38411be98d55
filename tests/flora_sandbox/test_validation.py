"""FLORA's checks of a start, before anything is paid for."""

import pytest

from flora_sandbox.server import SandboxServer

WORKSPACE = SandboxServer.workspace_id
PROJECT = "prj_launch00001"


@pytest.fixture
def sandbox(standing_sandbox: SandboxServer) -> SandboxServer:
    """One for the module: what is refused leaves nothing behind."""
    return standing_sandbox


def item(input_id="input_image", kind="imageUrl", value="https://example.com/a.png"):
    return {"id": input_id, "type": kind, "value": value}


@pytest.mark.parametrize(
    ("inputs", "field", "message"),
    [
        ([], "inputs", "at least 1 item"),
        ([item("no_such_input")], "no_such_input", "Unknown input"),
        ([item("no_such_input")], "input_image", "Required"),
        ([item(kind="text", value="x")], "input_image", "Expected imageUrl"),
        ([item(kind="audioUrl")], "inputs.0.type", "'text', 'imageUrl' or 'videoUrl'"),
        ([item(value="")], "input_image", "Required"),
        ([item(value="http://example.com/a.png")], "input_image", "https"),
        ([item(value="https://10.0.0.1/a.png")], "input_image", "public"),
        ([item(value="not a url")], "input_image", "Invalid URL"),
        ([item(), item()], "input_image", "Takes one value"),
    ],
)
def test_nested_start_with_a_wrong_input_names_it(sandbox, flora, inputs, field, message):
    before = sandbox.books().total.runs

    answer = flora.post("/techniques/cctv-cam/runs", json={"inputs": inputs, "mode": "async"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "input_validation_error")
    assert any(note["field"] == field and message in note["message"] for note in answer.json()["error"]["fields"])
    assert sandbox.books().total.runs == before


def test_all_that_is_wrong_is_told_at_once(flora):
    body = {"inputs": [item("product_image", value="ftp://x/y"), item("other")], "mode": "async"}

    fields = flora.post("/techniques/product-in-scene/runs", json=body).json()["error"]["fields"]

    assert [note["field"] for note in fields] == ["other", "scene_image", "product_image"]


def test_mode_is_required_on_the_nested_route(flora):
    answer = flora.post("/techniques/cctv-cam/runs", json={"inputs": [item()]})

    assert answer.json()["error"]["fields"] == [{"field": "mode", "message": "Required"}]


def test_element_cannot_be_given_as_a_plain_value(flora):
    answer = flora.post("/techniques/element-portrait/runs", json={"inputs": [item("element")], "mode": "async"})

    assert answer.json()["error"]["fields"] == [{"field": "element", "message": "Takes an element"}]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 200),
        ({"technique_id": "headline-writer"}, 400),
        ({"technique_id": "tech_unknown"}, 404),
        ({"workspace_id": "ws_somebody_elses"}, 403),
        ({"workspace_id": "prj_x"}, 400),
        ({"inputs": {"brief": 7}}, 400),
        ({"inputs": {"brief": ["a", "b"]}}, 400),
        ({"inputs": {}}, 400),
    ],
)
def test_top_level_start_is_checked(flora, changes, status):
    body = {"technique_id": "tech_headlines01", "workspace_id": WORKSPACE, "inputs": {"brief": "x"}, **changes}

    assert flora.post("/runs/technique", json=body).status_code == status


def test_top_level_start_takes_a_list_where_several_are_taken(flora):
    urls = ["https://example.com/a.png", "https://example.com/b.png"]
    body = {"technique_id": "tech_squarecrop1", "workspace_id": WORKSPACE, "inputs": {"image": urls}}

    assert flora.post("/runs/technique", json=body).json()["charged_cost"] == 0.02


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"type": "hologram"}, 400),
        ({"model": "no-such-model"}, 400),
        ({"model": "t2v-dolly-1"}, 400),
        ({"params": {"no_such_param": 1}}, 400),
        ({"project_id": "tech_x"}, 400),
        ({"project_id": "prj_unknown"}, 404),
        ({"project_id": "prj_nursery0002"}, 404),
        ({"callback_url": "http://example.com/hook"}, 400),
    ],
)
def test_generation_is_checked(flora, changes, status):
    body = {"type": "image", "prompt": "x", "workspace_id": WORKSPACE, "project_id": PROJECT, **changes}

    assert flora.post("/generate", json=body).status_code == status


@pytest.mark.parametrize(
    ("inputs", "params", "status"),
    [
        ([{"type": "image", "url": "https://example.com/a.png"}], {"longest": 10}, 200),
        ([{"type": "image"}], {}, 400),
        ([{"type": "text", "text": "x"}], {}, 400),
        ([{"type": "image", "url": "https://example.com/a.png"}] * 2, {}, 400),
        ([{"type": "image", "url": "https://example.com/a.png"}], {"no_such_param": 1}, 400),
    ],
)
def test_action_is_checked(flora, inputs, params, status):
    body = {
        "action_id": "resize-image-browser",
        "workspace_id": WORKSPACE,
        "project_id": PROJECT,
        "inputs": inputs,
        "params": params,
    }

    assert flora.post("/runs/action", json=body).status_code == status


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("https://media.flora.ai/a.png", 200),
        ("https://bucket.s3.eu-central-1.amazonaws.com/a.png?X-Amz-Expires=60", 200),
        ("http://127.0.0.1:9/a.png", 200),
        ("https://example.com/a.png", 400),
        ("https://notflora.ai/a.png", 400),
    ],
)
def test_hosts_can_be_restricted_to_those_flora_allows(open_sandbox, connect, url, status):
    client = connect(open_sandbox(restrict_input_hosts=True))

    answer = client.post("/techniques/cctv-cam/runs", json={"inputs": [item(value=url)], "mode": "async"})

    assert answer.status_code == status
