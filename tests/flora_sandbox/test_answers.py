"""What every answer of the sandbox has, whatever was asked."""

import email.utils
from collections.abc import Iterator

import httpx
import pytest

from flora_sandbox.server import SandboxServer


@pytest.fixture
def sandbox(standing_sandbox: SandboxServer) -> Iterator[SandboxServer]:
    """One for the module: nothing is made here."""
    yield standing_sandbox
    standing_sandbox.set_faults()


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/technique-runs", 200, None),
        ("GET", "/runs/run_unknown", 404, "not_found"),
        ("PUT", "/techniques", 405, "method_not_allowed"),
        ("GET", "/no-such-route", 501, "not_implemented"),
        ("POST", "/runs/technique", 400, "input_validation_error"),
    ],
)
def test_answer_of_every_status_has_envelope_and_request_id(flora, method, path, status, code):
    answer = flora.request(method, path)

    assert answer.status_code == status
    assert answer.headers["request-id"].startswith("req_")
    assert answer.json().get("error", {}).get("code") == code


def test_unknown_route_says_that_the_sandbox_lacks_it(flora):
    answer = flora.get("/teapots")

    assert "no route GET /api/v1/teapots" in answer.json()["error"]["message"]


def test_unknown_route_outside_the_api_says_so_too(sandbox: SandboxServer):
    answer = httpx.get(f"{sandbox.url}/teapots")

    assert (answer.status_code, answer.headers["request-id"][:4]) == (501, "req_")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "unauthorized"),
        ({"Authorization": "Basic c2s6"}, "unauthorized"),
        ({"Authorization": "Bearer sk_live_x"}, "invalid_api_key"),
    ],
)
def test_wrong_key_is_refused_before_anything_else(sandbox: SandboxServer, headers, code):
    answer = httpx.post(f"{sandbox.base_url}/runs/technique", content=b"{", headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)


def test_any_test_key_is_accepted(sandbox, connect):
    assert connect(sandbox, "sk_test_of_somebody").get("/workspaces").status_code == 200


def test_broken_json_is_named_as_such(flora):
    answer = flora.post("/runs/technique", content=b"{", headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_json")


def test_date_follows_the_moved_clock(sandbox, flora):
    sandbox.clock.advance(3600)

    date = email.utils.parsedate_to_datetime(flora.get("/models").headers["date"])

    assert date.timestamp() == sandbox.clock.now()


def test_camel_case_setting_spells_keys_but_not_form_fields(open_sandbox, connect):
    client = connect(open_sandbox(camel_case=True))

    receipt = client.post(
        "/assets", json={"source": "signed-url", "workspace_id": SandboxServer.workspace_id}
    ).json()

    assert "assetId" in receipt
    assert set(receipt["upload"]["formFields"]) == {"key", "token"}


@pytest.mark.parametrize(("spelling", "factor"), [("seconds", 1), ("milliseconds", 1000)])
def test_times_are_spelled_as_set(open_sandbox, connect, spelling, factor):
    sandbox = open_sandbox(times=spelling)

    created_at = connect(sandbox).text_run().json()["created_at"]

    assert created_at == sandbox.clock.now() * factor
