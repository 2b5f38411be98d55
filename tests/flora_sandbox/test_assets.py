"""Assets: brought directly, fetched from a URL, or uploaded to a reservation."""

import io
from collections.abc import Iterator

import httpx
import pytest
from PIL import Image

from flora_sandbox.server import SandboxServer

WORKSPACE = {"workspace_id": SandboxServer.workspace_id}
QUARTER_HOUR = 900
MEGABYTE = 1024 * 1024


@pytest.fixture
def sandbox(standing_sandbox: SandboxServer) -> Iterator[SandboxServer]:
    """One for the module: each asset has an id of its own."""
    yield standing_sandbox
    standing_sandbox.set_faults()


def png(width=8, height=6):
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(buffer, "PNG")
    return buffer.getvalue()


def reserve(client, **fields):
    return client.post("/assets", json={"source": "signed-url", **WORKSPACE, **fields}).json()


def upload(receipt, data):
    target = receipt["upload"]
    return httpx.request(
        target["method"], target["url"], data=target["form_fields"], files={target["file_field"]: ("a.png", data)}
    )


def test_small_file_is_ready_at_once(flora, download):
    receipt = flora.post("/assets", data=WORKSPACE, files={"file": ("packshot.png", png(), "image/png")}).json()

    asset = flora.get(f"/assets/{receipt['asset_id']}").json()

    assert (receipt["status"], receipt["uploaded_via"]) == ("ready", "direct")
    assert (asset["name"], asset["content_type"], asset["width"], asset["height"]) == (
        "packshot.png",
        "image/png",
        8,
        6,
    )
    assert download(asset["url"]) == png()


def test_file_with_line_ends_inside_arrives_unchanged(flora, download):
    data = png() + b"\r\n--not the boundary\r\n\r\n\n"
    receipt = flora.post("/assets", data=WORKSPACE, files={"file": ("a.png", data)}).json()

    assert download(receipt["url"]) == data


@pytest.mark.parametrize(
    ("fields", "file", "field"),
    [
        ({}, png(), "workspace_id"),
        (WORKSPACE, None, "file"),
        (WORKSPACE, b"just text", "file"),
        (WORKSPACE, png() + bytes(4 * MEGABYTE), "file"),
        ({**WORKSPACE, "content_type": "text/html"}, png(), "content_type"),
    ],
)
def test_direct_file_that_does_not_fit_is_refused(flora, fields, file, field):
    files = {"file": ("a.png", file)} if file else {"other": ("a.png", b"x")}

    answer = flora.post("/assets", data=fields, files=files)

    assert (answer.status_code, answer.json()["error"]["fields"][0]["field"]) == (400, field)


def test_form_that_cannot_be_read_is_refused(flora):
    headers = {"Content-Type": "multipart/form-data; boundary=x"}

    assert flora.post("/assets", content=b"nonsense", headers=headers).status_code == 400


def test_url_is_fetched(flora, download):
    source = flora.picture()["outputs"][0]["url"]

    receipt = flora.post("/assets", json={"source": source, **WORKSPACE}).json()

    assert (receipt["status"], receipt["uploaded_via"]) == ("ready", "url")
    assert download(receipt["url"]) == download(source)


@pytest.mark.parametrize("source", ["http://example.com/a.png", "http://127.0.0.1:9/a.png", "a path"])
def test_url_that_cannot_be_fetched_is_refused(flora, source):
    answer = flora.post("/assets", json={"source": source, **WORKSPACE})

    assert (answer.status_code, answer.json()["error"]["fields"][0]["field"]) == (400, "source")


def test_large_file_goes_to_its_reservation(flora, download):
    data = png() + bytes(12 * MEGABYTE)
    receipt = reserve(flora, file_name="big.png")
    uploaded = upload(receipt, data)

    completed = flora.post(f"/assets/{receipt['asset_id']}/complete").json()

    assert (receipt["status"], uploaded.status_code, completed["status"]) == ("pending_upload", 204, "ready")
    assert download(completed["url"]) == data


def test_asset_works_as_an_input(sandbox, flora):
    receipt = flora.post("/assets", data=WORKSPACE, files={"file": ("a.png", png(64, 64))}).json()
    body = {"inputs": [{"id": "input_image", "type": "imageUrl", "value": receipt["url"]}], "mode": "async"}
    run_id = flora.post("/techniques/cctv-cam/runs", json=body).json()["run_id"]
    sandbox.clock.advance(60)

    assert flora.finished(run_id)["status"] == "completed"


def test_completing_twice_changes_nothing(flora):
    receipt = reserve(flora)
    upload(receipt, png())

    answers = [flora.post(f"/assets/{receipt['asset_id']}/complete").json() for _ in range(2)]

    assert answers[0] == answers[1]


def test_completing_without_bytes_is_a_conflict(flora):
    answer = flora.post(f"/assets/{reserve(flora)['asset_id']}/complete")

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")


def test_asset_is_ready_only_after_its_time(open_sandbox, connect):
    sandbox = open_sandbox(asset_seconds=5)
    client = connect(sandbox)
    receipt = reserve(client)
    upload(receipt, png())
    path = f"/assets/{receipt['asset_id']}"
    statuses = [client.post(f"{path}/complete").json()["status"], client.get(path).json()["status"]]
    sandbox.clock.advance(5)

    assert [*statuses, client.get(path).json()["status"]] == ["pending_upload", "pending_upload", "ready"]


def test_unsupported_upload_fails_and_may_be_retried(flora):
    receipt = reserve(flora)
    path = f"/assets/{receipt['asset_id']}"
    upload(receipt, b"just text")
    failed = flora.post(f"{path}/complete").json()

    retried = flora.post(f"{path}/retry").json()
    upload(retried, png())

    assert (failed["status"], failed["failure_message"]) == ("failed", "Unsupported file type")
    assert flora.post(f"{path}/complete").json()["status"] == "ready"


def test_expired_reservation_takes_nothing_and_may_be_retried(sandbox, flora):
    receipt = reserve(flora)
    path = f"/assets/{receipt['asset_id']}"
    too_early = flora.post(f"{path}/retry").status_code
    sandbox.clock.advance(QUARTER_HOUR)
    late, status = upload(receipt, png()).status_code, flora.get(path).json()["status"]

    retried = flora.post(f"{path}/retry").json()

    assert (too_early, late, status) == (409, 403, "failed")
    assert [upload(old_or_new, png()).status_code for old_or_new in (receipt, retried)] == [403, 204]


def test_list_is_newest_first_paged_and_searched(flora):
    for name in ("rose.png", "tulip.png", "red rose.png"):
        flora.post("/assets", data={**WORKSPACE, "file_name": name}, files={"file": ("x", png())})

    first = flora.get("/assets", params={"limit": 1, "query": "rose", **WORKSPACE}).json()
    second = flora.get("/assets", params={"query": "rose", "cursor": first["meta"]["next_cursor"]}).json()

    assert [item["name"] for item in first["assets"] + second["assets"]] == ["red rose.png", "rose.png"]


def test_unknown_asset_is_not_found(flora):
    assert flora.get("/assets/asset_unknown").status_code == 404


def test_keyed_upload_is_stored_once(open_sandbox, connect):
    client = connect(open_sandbox(idempotency="replay"))

    answers = [
        client.post(
            "/assets", data=WORKSPACE, files={"file": ("a.png", png())}, headers={"Idempotency-Key": "k"}
        ).json()
        for _ in range(2)
    ]

    assert answers[0] == answers[1]
    assert len(client.get("/assets").json()["assets"]) == 1
