"""Presigned URLs as of a given moment (SigV4): the same key, object and moment bring the same URL, byte for byte.

`docs/ledger.md` says what for: a repeated request is to have an equal body.
"""

from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit, urlunsplit

from botocore.auth import SIGV4_TIMESTAMP, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


class _AsOf(S3SigV4QueryAuth):
    """botocore's signer, at another moment than now, which is all that it takes from the clock."""

    def __init__(self, credentials: Credentials, region: str, lasts: timedelta, signed_at: datetime) -> None:
        super().__init__(credentials, "s3", region, expires=int(lasts.total_seconds()))
        self._signed_at = signed_at

    def add_auth(self, request: AWSRequest) -> None:
        request.context["timestamp"] = self._signed_at.strftime(SIGV4_TIMESTAMP)
        self._modify_request_before_signing(request)  # type: ignore[attr-defined]
        to_sign = self.string_to_sign(request, self.canonical_request(request))
        signature = self.signature(to_sign, request)
        self._inject_signature_to_request(request, signature)  # type: ignore[attr-defined]


def signed_as_of(url: str, signed_at: datetime, *, lasts: timedelta, credentials: Credentials) -> str:
    """Return a presigned URL as if it had been signed at another moment.

    Args:
        url: what botocore has signed: it says where the object is, and in which region.
        lasts: from that moment on.
    """
    parts = urlsplit(url)
    region = parse_qs(parts.query)["X-Amz-Credential"][0].split("/")[2]
    request = AWSRequest("GET", urlunsplit(parts._replace(query="")))
    _AsOf(credentials, region, lasts, signed_at).add_auth(request)
    return str(request.url)
