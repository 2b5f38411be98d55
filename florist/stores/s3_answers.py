"""Classifies what S3 and boto3 answer: which of our errors it is, and what to do about it."""

from collections.abc import Mapping
from typing import Any

from botocore import exceptions as boto
from urllib3.exceptions import HTTPError

from florist.stores.errors import (
    IntegrityError,
    StoreDeniedError,
    StoreError,
    StoreFullError,
    StoreMissingError,
    StoreUnavailableError,
    StoreUnsafeError,
)

ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})
TAKEN = frozenset({"412", "PreconditionFailed", "409", "ConditionalRequestConflict"})
NO_SUCH_UPLOAD = frozenset({"NoSuchUpload"})

_DENIED = frozenset(
    {
        "AccessDenied",
        "AllAccessDisabled",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "SignatureDoesNotMatch",
    }
)
_FULL = frozenset({"InsufficientStorage", "InsufficientCapacity", "QuotaExceeded", "XMinioStorageFull"})
_DAMAGED = frozenset({"BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch"})
_BUSY = frozenset({"RequestTimeout", "SlowDown", "Throttling", "ThrottlingException", "TooManyRequests"})
_ELSEWHERE = frozenset({"AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect"})
_NOT_IMPLEMENTED = frozenset({"MissingContentLength", "NotImplemented", "411", "501"})
_CONDITIONAL = frozenset({"PutObject", "CompleteMultipartUpload"})

_NO_CREDENTIALS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.ProfileNotFound,
    boto.TokenRetrievalError,
    boto.SSOError,
)
_NO_ANSWER = (boto.HTTPClientError, boto.ConnectionError, boto.IncompleteReadError, HTTPError)


def code_of(error: boto.ClientError) -> str:
    """Return S3's word for what was wrong, or the status where it has none."""
    return str(error.response.get("Error", {}).get("Code", ""))


def refusal(
    error: boto.ClientError, *, where: str, location: str, is_checksummed: bool
) -> StoreError | IntegrityError:
    """Return our error for an error answer of S3's.

    Args:
        where: the store and its real endpoint, to begin the message with.
        is_checksummed: the request had a checksum of its own, which the store may not have understood.
    """
    code = code_of(error)
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _DAMAGED:
        return IntegrityError(f"{where} received other bytes than were sent ({code}); send them again")
    if code in _NOT_IMPLEMENTED or status in {411, 501}:
        return _not_implemented(error, code, where=where, location=location, is_checksummed=is_checksummed)
    for kind, applies, remedy in _refusals(code, status):
        if applies:
            return kind(f"{where} {remedy}", location=location)
    said = error.response.get("Error", {}).get("Message", "")
    return StoreError(f"{where} refused: {code or status} {said}".rstrip(), location=location)


def failure(error: Exception, *, where: str, location: str) -> StoreError | IntegrityError:
    """Return our error for what boto3 itself found, without its words where they could hold a secret."""
    if isinstance(error, boto.FlexibleChecksumError):
        return IntegrityError(f"{where} gave other bytes than its own checksum says; read them again")
    if isinstance(error, _NO_CREDENTIALS):
        return StoreDeniedError(
            f"no usable credentials for {where} ({type(error).__name__}); set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or name a profile (?profile=… in the location), or fill in the block",
            location=location,
        )
    if isinstance(error, boto.SSLError):
        return StoreUnavailableError(
            f"{where} has a certificate that is not trusted; name its authority's file by `ca_bundle` "
            "(?ca_bundle=… in the location, AWS_CA_BUNDLE, CA Bundle in the block)",
            location=location,
        )
    if isinstance(error, _NO_ANSWER):
        return StoreUnavailableError(
            f"{where} does not answer ({type(error).__name__}); check the endpoint (?endpoint_url=… in the "
            "location, AWS_ENDPOINT_URL, Endpoint URL in the block) and the network",
            location=location,
        )
    return StoreError(f"{where} cannot be called: {error}", location=location)


def _not_implemented(
    error: boto.ClientError, code: str, *, where: str, location: str, is_checksummed: bool
) -> StoreError:
    """Tell a store without conditional writes, which cannot be used, from one that only needs older requests."""
    answer: Mapping[str, Any] = error.response.get("Error", {})
    header = str(answer.get("Header", "")).lower()
    is_conditional = error.operation_name in _CONDITIONAL and code in {"NotImplemented", "501"}
    if is_conditional and (header == "if-none-match" or not (header or is_checksummed)):
        return StoreUnsafeError(
            f"{where} knows no conditional write ({code}: If-None-Match), so it cannot guard against paying "
            "twice; use a store that does, or a local folder",
            location=location,
        )
    return StoreError(
        f"{where} does not know a part of the request ({code}); try checksum=none (?checksum=none in the "
        "location, Checksum in the block)",
        location=location,
    )


def _refusals(code: str, status: int) -> tuple[tuple[type[StoreError], bool, str], ...]:
    """Return what an error answer can mean, the most telling first."""
    return (
        (StoreMissingError, code == "NoSuchBucket", "has no such bucket; create it, or name another"),
        (
            StoreDeniedError,
            code == "RequestTimeTooSkewed",
            "refuses requests because this machine's clock is wrong; set it",
        ),
        (
            StoreError,
            code in _ELSEWHERE,
            f"is in another region ({code}); set the bucket's own (?region=… in the location, AWS_REGION, Region "
            "in the block)",
        ),
        (
            StoreError,
            code == "InvalidObjectState",
            "keeps this object in an archive class (such as Glacier), where it cannot be read; restore it there "
            "(`aws s3api restore-object`), then try again, and exempt the archive from that lifecycle rule",
        ),
        (
            StoreDeniedError,
            code in _DENIED or status in {401, 403},
            f"denied access ({code or status}); check the access key, its secret, and the rights on the bucket "
            "(docs/archive.md lists those that are needed)",
        ),
        (
            StoreFullError,
            code in _FULL or status == 507,
            f"has no space left ({code}); free some, or raise its quota",
        ),
        (
            StoreUnavailableError,
            code in _BUSY or status == 429 or status >= 500,
            f"is not able to answer now ({code or status}); try again later",
        ),
    )
