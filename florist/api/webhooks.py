"""Verifies and reads FLORA's webhook deliveries. Sends nothing.

Source: the contract, "Webhooks".
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from pydantic import SecretStr, ValidationError

from florist.api.errors import WebhookVerificationError
from florist.api.models import FloraModel, RunStatus
from florist.api.wire_values import Id, Moment, ShownText, Words
from florist.secrets import hidden

SIGNATURE_HEADER = "flora-signature"


class WebhookRun(FloraModel):
    """What a delivery says of the run: how it ended, without its outputs."""

    run_id: Id
    run_type: str = ""
    workspace_id: str | None = None
    status: RunStatus
    error_code: ShownText | None = None
    error_message: ShownText | None = None


class WebhookEvent(FloraModel):
    """One delivery. The same `id` may be delivered more than once."""

    id: Id
    type: Words
    api_version: str = ""
    created_at: Moment
    data: WebhookRun


class _Signature(NamedTuple):
    signed_at: str
    digests: tuple[str, ...]


def unwrap(
    body: bytes,
    headers: Mapping[str, str],
    secrets: str | SecretStr | Iterable[str | SecretStr],
    tolerance: float = 300.0,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> WebhookEvent:
    """Return the event of a delivery that FLORA has signed.

    Args:
        body: exactly as received; JSON that was read and written again does not verify.
        headers: of any spelling; only `Flora-Signature` is looked at.
        secrets: the workspace's signing secret (`whsec_…`), or several: during a rotation the old and the new one.
        tolerance: how many seconds the signature's time may be off.

    Raises:
        WebhookVerificationError: not FLORA's, changed on the way, too old, or no event.
    """
    # At once and under the same name: the locals of a frame may be printed with its traceback.
    # A string is itself a sequence of strings: its letters must never pass for secrets.
    secrets = [hidden(one) for one in ([secrets] if isinstance(secrets, str | SecretStr) else secrets)]
    signature = _signature(headers)
    if not _is_signed(body, signature, secrets):
        raise WebhookVerificationError(
            "the webhook's signature fits none of the secrets: the body was changed, or the secret is another's"
        )
    off = abs(now().timestamp() - _seconds(signature.signed_at))
    if not off <= tolerance:
        raise WebhookVerificationError(
            f"the webhook was signed {off:.0f} s from now, more than {tolerance:.0f} s: "
            "it is replayed, or a clock is wrong"
        )
    try:
        return WebhookEvent.model_validate_json(body)
    except ValidationError as error:
        raise WebhookVerificationError("the webhook is signed, but is no event this version can read") from error


def _signature(headers: Mapping[str, str]) -> _Signature:
    values = [value for name, value in headers.items() if name.lower() == SIGNATURE_HEADER]
    if len(values) != 1:
        raise WebhookVerificationError("the webhook has no Flora-Signature header, or several")
    parts = [part.strip().partition("=") for part in values[0].split(",")]
    moments = [value for name, _, value in parts if name == "t"]
    digests = tuple(value for name, _, value in parts if name == "v1" and value)
    if len(moments) != 1 or not digests:
        raise WebhookVerificationError("the Flora-Signature header is not `t=<seconds>,v1=<hex>[,v1=<hex>…]`")
    return _Signature(moments[0], digests)


def _is_signed(body: bytes, signature: _Signature, secrets: Iterable[str | SecretStr]) -> bool:
    given = [digest.encode(errors="backslashreplace") for digest in signature.digests]
    expected = [_digest(body, signature.signed_at, hidden(secret)) for secret in secrets]
    # A sum, not `any`: all are compared, so that the time it takes does not say which one fits.
    return sum(hmac.compare_digest(one, other) for one in expected for other in given) > 0


def _digest(body: bytes, signed_at: str, secret: SecretStr) -> bytes:
    if not secret:
        raise WebhookVerificationError("an empty secret verifies nothing: set the workspace's whsec_… secret")
    signed = signed_at.encode(errors="backslashreplace") + b"." + body
    return hmac.new(secret.get_secret_value().encode(), signed, hashlib.sha256).hexdigest().encode()


def _seconds(signed_at: str) -> float:
    try:
        return float(signed_at)
    except ValueError as error:
        raise WebhookVerificationError("the Flora-Signature header's `t` is no time") from error
