import hashlib
import hmac
import json
import pickle
import traceback
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from florist.api.errors import WebhookVerificationError
from florist.api.models import RunStatus
from florist.api.webhooks import unwrap

SECRET = "whsec_marker"
SIGNED_AT = 1_795_000_000
NOW = datetime.fromtimestamp(SIGNED_AT + 10, UTC)
EVENT = {
    "id": "whd_1",
    "type": "run.failed",
    "api_version": "2026-06-11",
    "created_at": SIGNED_AT * 1000,
    "data": {
        "run_id": "run_1",
        "run_type": "technique",
        "workspace_id": "ws_1",
        "status": "failed",
        "error_code": "safety_blocked",
        "error_message": "see https://media.flora.ai/a/b.png?sig=marker",
    },
}
BODY = json.dumps(EVENT, indent=1).encode()


def digest(body=BODY, secret=SECRET, at=SIGNED_AT):
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def signed(*digests, at=SIGNED_AT, name="Flora-Signature"):
    return {name: f"t={at}," + ",".join(f"v1={one}" for one in digests or (digest(),))}


def opened(headers, body=BODY, secrets=(SECRET,), now=NOW, **settings):
    return unwrap(body, headers, secrets, now=lambda: now, **settings)


def test_unwrap_signed_delivery_is_a_typed_event():
    event = opened(signed())
    assert (event.id, event.type, event.data.run_id) == ("whd_1", "run.failed", "run_1")
    assert event.data.status is RunStatus.FAILED
    assert event.created_at == datetime.fromtimestamp(SIGNED_AT, UTC)
    assert "marker" not in event.data.error_message


@pytest.mark.parametrize("name", ["flora-signature", "FLORA-SIGNATURE", "Flora-Signature"])
def test_unwrap_finds_its_header_in_any_case(name):
    assert opened(signed(name=name)).id == "whd_1"


def test_unwrap_during_a_rotation_takes_either_side():
    both = signed(digest(secret="whsec_new"), digest(secret="whsec_old"))
    assert opened(both, secrets=["whsec_old"]).id == "whd_1"
    assert opened(signed(digest(secret="whsec_old")), secrets=["whsec_new", SecretStr("whsec_old")]).id == "whd_1"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Flora-Signature": ""},
        {"Flora-Signature": f"v1={digest()}"},
        {"Flora-Signature": f"t={SIGNED_AT}"},
        {"Flora-Signature": f"t={SIGNED_AT},v1="},
        {"Flora-Signature": f"t={SIGNED_AT},t={SIGNED_AT + 1},v1={digest()}"},
        {**signed(), **signed("0" * 64, name="flora-signature")},
        signed(digest(secret="whsec_other")),
        signed(digest().upper()),
        signed(digest(), at=SIGNED_AT + 1),
        signed("é" * 64),
        signed(digest(at="soon"), at="soon"),
        signed(digest(at="nan"), at="nan"),
    ],
)
def test_unwrap_without_a_fitting_signature_is_refused(headers):
    with pytest.raises(WebhookVerificationError):
        opened(headers)


def test_unwrap_body_with_one_byte_changed_is_refused():
    with pytest.raises(WebhookVerificationError):
        opened(signed(), body=BODY.replace(b"run_1", b"run_2"))


@pytest.mark.parametrize(("off", "is_taken"), [(300, True), (301, False), (-300, True), (-301, False)])
def test_unwrap_takes_what_was_signed_within_300_seconds(off, is_taken):
    now = datetime.fromtimestamp(SIGNED_AT + off, UTC)
    try:
        assert opened(signed(), now=now).id == "whd_1"
        assert is_taken
    except WebhookVerificationError:
        assert not is_taken


@pytest.mark.parametrize("body", [b"", b"{}", b"no json", b'{"id": "whd_1"}'])
def test_unwrap_signed_body_that_is_no_event_is_refused(body):
    with pytest.raises(WebhookVerificationError):
        opened(signed(digest(body)), body=body)


@pytest.mark.parametrize("secrets", [[], [""]])
def test_unwrap_without_a_secret_verifies_nothing(secrets):
    with pytest.raises(WebhookVerificationError):
        opened(signed(digest(secret="")), secrets=secrets)


def test_unwrap_error_pickles_and_holds_no_secret():
    with pytest.raises(WebhookVerificationError) as caught:
        unwrap(BODY, signed("0" * 64), ["".join(["whsec_", "hidden"])], now=lambda: NOW)
    back = pickle.loads(pickle.dumps(caught.value))
    assert (type(back), str(back)) == (WebhookVerificationError, str(caught.value))
    printed = traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    assert "whsec_hidden" not in "".join(printed)


def test_unwrap_takes_a_bare_string_for_one_secret():
    assert opened(signed(), secrets=SECRET).id == "whd_1"
    assert opened(signed(), secrets=SecretStr(SECRET)).id == "whd_1"
    with pytest.raises(WebhookVerificationError):
        opened(signed(digest(secret="w")), secrets=SECRET)


@pytest.mark.parametrize("created_at", [1e30, "9" * 400, 10**30])
def test_unwrap_delivery_from_no_time_at_all_is_refused(created_at):
    body = json.dumps({**EVENT, "created_at": created_at}).encode()
    with pytest.raises(WebhookVerificationError):
        opened(signed(digest(body)), body=body)


@pytest.mark.parametrize("body", [b'{"id":' * 100_000, b"[" * 1_000_000])
def test_unwrap_delivery_nested_beyond_reading_is_refused(body):
    with pytest.raises(WebhookVerificationError):
        opened(signed(digest(body)), body=body)


@pytest.mark.parametrize("header", ["t=1,v1=\udcff", "t=\udcff,v1=a", "t=1e999,v1=a", f"t={'9' * 5000},v1=a"])
def test_unwrap_header_of_odd_characters_is_refused(header):
    with pytest.raises(WebhookVerificationError):
        opened({"Flora-Signature": header})
