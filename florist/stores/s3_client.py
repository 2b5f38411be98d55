"""Calls S3 with boto3: configured, put into threads, and its errors put into our words, here alone."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore import exceptions as boto
from botocore.config import Config
from botocore.loaders import Loader, create_loader
from pydantic import SecretStr
from urllib3.exceptions import HTTPError

from florist.errors import ConfigurationError
from florist.stores.errors import (
    IntegrityError,
    StoreDeniedError,
    StoreError,
    StoreFullError,
    StoreMissingError,
    StoreUnavailableError,
)
from florist.stores.threads import finished_in

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

T = TypeVar("T")

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
_TRAILER_REFUSED = frozenset({"MissingContentLength", "NotImplemented", "411", "501"})

_NO_CREDENTIALS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.ProfileNotFound,
    boto.TokenRetrievalError,
    boto.SSOError,
)
_NO_ANSWER = (boto.HTTPClientError, boto.ConnectionError, boto.IncompleteReadError, HTTPError)


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach a bucket.

    Attributes:
        endpoint_url: of an S3-compatible store; None is AWS.
        access_key_id: with `secret_access_key`; None leaves the search for credentials to boto3 (environment,
            profile, role).
        addressing_style: `path` for most stores other than AWS, `virtual` for those that demand it.
        request_checksum_calculation: `when_required` for older stores, which answer 411 or 501 to checksums
            in a trailer.
        ca_bundle: file of the certificates to trust instead of the usual ones.
        parallel_calls: threads and connections, at most.
    """

    endpoint_url: str | None = None
    region: str | None = None
    access_key_id: str | None = None
    secret_access_key: SecretStr | None = None
    session_token: SecretStr | None = None
    addressing_style: Literal["auto", "path", "virtual"] = "auto"
    request_checksum_calculation: Literal["when_supported", "when_required"] = "when_supported"
    ca_bundle: str | None = None
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    attempts: int = 5
    parallel_calls: int = 16

    def __post_init__(self) -> None:
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ConfigurationError("an S3 access key id and its secret are given together, or neither")
        if self.endpoint_url is not None:
            _check_endpoint(self.endpoint_url)
        if self.ca_bundle is not None and not os.path.exists(self.ca_bundle):  # noqa: PTH110 - a plain question
            raise ConfigurationError(f"the certificates {self.ca_bundle} of the S3 store are not there")


def _check_endpoint(endpoint_url: str) -> None:
    parts = urlsplit(endpoint_url)
    if parts.username or parts.password:
        raise ConfigurationError(
            "an S3 endpoint URL holds no credentials; give them as the access key and its secret"
        )
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError(f"the S3 endpoint {endpoint_url!r} is no http or https URL")


class S3Calls:
    """Calls one S3 account. The client is made at the first call, once, and shared by all threads.

    Args:
        is_checksummed: every upload has a checksum in its headers that the store verifies.
    """

    def __init__(self, access: Access, location: str, *, is_checksummed: bool = False) -> None:
        self._access = access
        self._is_checksummed = is_checksummed
        self._location = location
        self._lock = threading.Lock()
        self._client: S3Client | None = None
        self._threads = ThreadPoolExecutor(access.parallel_calls, thread_name_prefix="florist-s3")

    async def call(self, request: "Callable[[S3Client], T]") -> T:
        """Make one request in a thread.

        Raises:
            StoreError: or a leaf of it, or `IntegrityError`, saying which bucket and what to do.
        """
        answer = await self.call_expecting(frozenset(), request)
        assert answer is not None  # noqa: S101 - no boto3 call answers None
        return answer

    async def call_expecting(self, expected: frozenset[str], request: "Callable[[S3Client], T]") -> T | None:
        """Make one request in a thread; None if it is refused with one of the expected error codes."""
        try:
            return await finished_in(self._threads, lambda: request(self._made_client()))
        except boto.ClientError as error:
            if error.response.get("Error", {}).get("Code", "") in expected:
                return None
            raise self._refusal(error) from error
        except (boto.BotoCoreError, HTTPError) as error:
            raise self._failure(error) from error

    def _made_client(self) -> "S3Client":
        with self._lock:
            if self._client is None:
                self._client = _client(self._access, is_checksummed=self._is_checksummed)
            return self._client

    def _refusal(self, error: boto.ClientError) -> StoreError | IntegrityError:
        """Tell an answer of S3's: which store, what it said, and the mend."""
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code in _DAMAGED:
            return IntegrityError(f"{self._where} received other bytes than were sent ({code}); send them again")
        for kind, applies, mend in _refusals(code, status):
            if applies:
                return kind(f"{self._where} {mend}", location=self._location)
        said = error.response.get("Error", {}).get("Message", "")
        return StoreError(f"{self._where} refused: {code or status} {said}".rstrip(), location=self._location)

    def _failure(self, error: Exception) -> StoreError:
        """Tell what boto3 itself found, without its words where they could hold a secret."""
        if isinstance(error, _NO_CREDENTIALS):
            return StoreDeniedError(
                f"no usable credentials for {self._where} ({type(error).__name__}); give an access key, or set up "
                "AWS's own (environment, profile, role)",
                location=self._location,
            )
        if isinstance(error, boto.SSLError):
            return StoreUnavailableError(
                f"{self._where} has a certificate that is not trusted; name its authority in `ca_bundle`",
                location=self._location,
            )
        if isinstance(error, _NO_ANSWER):
            return StoreUnavailableError(
                f"{self._where} does not answer ({type(error).__name__}); check the endpoint and the network",
                location=self._location,
            )
        return StoreError(f"{self._where} cannot be called: {error}", location=self._location)

    @property
    def _where(self) -> str:
        return f"{self._location} at {self._access.endpoint_url or 'AWS'}"


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
            f"is in another region ({code}); set the region of the bucket",
        ),
        (
            StoreError,
            code in _TRAILER_REFUSED or status in {411, 501},
            f'does not know a part of the request ({code}); try request_checksum_calculation="when_required" and '
            'checksum="none"',
        ),
        (
            StoreDeniedError,
            code in _DENIED or status in {401, 403},
            f"denied access ({code or status}); check the access key, its secret, and the rights on the bucket",
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


def _client(access: Access, *, is_checksummed: bool) -> "S3Client":
    def revealed(secret: SecretStr | None) -> str | None:
        return secret.get_secret_value() if secret else None

    styles: dict[str, Any] = {"addressing_style": access.addressing_style}
    if is_checksummed and not (access.endpoint_url or "").startswith("http:"):
        # TLS guards the way and the checksum the bytes: boto3 need not hash them a second time for the signature.
        styles["payload_signing_enabled"] = False
    options: dict[str, Any] = {
        "signature_version": "s3v4",
        "s3": styles,
        # Names us in the bucket's access log; boto3's own words are put together anew for every request.
        "user_agent": f"florist boto3/{boto3.__version__}",
        "retries": {"mode": "standard", "total_max_attempts": access.attempts},
        "connect_timeout": access.connect_timeout,
        "read_timeout": access.read_timeout,
        "max_pool_connections": access.parallel_calls,
        "request_checksum_calculation": access.request_checksum_calculation,
        "response_checksum_validation": access.request_checksum_calculation,
    }
    plain = botocore.session.get_session()
    plain.register_component("data_loader", _descriptions())
    session = boto3.session.Session(
        botocore_session=plain,
        aws_access_key_id=access.access_key_id,
        aws_secret_access_key=revealed(access.secret_access_key),
        aws_session_token=revealed(access.session_token),
        # Stores other than AWS have no region, but a signature needs one.
        region_name=access.region or ("us-east-1" if access.endpoint_url else None),
    )
    return session.client(
        "s3", endpoint_url=access.endpoint_url, verify=access.ca_bundle, config=Config(**options)
    )


@cache
def _descriptions() -> Loader:
    """Return what botocore knows of S3: a session by itself reads those files anew, in a tenth of a second."""
    return create_loader()
