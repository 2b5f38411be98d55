"""Calls S3 with boto3: configured, in threads, and with its errors put into ours, here alone."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
import botocore.session
from botocore import exceptions as boto
from botocore.config import Config
from botocore.credentials import CredentialProvider, Credentials, RefreshableCredentials
from botocore.loaders import Loader, create_loader
from pydantic import SecretStr
from urllib3.exceptions import HTTPError

from florist.stores.errors import StoreError
from florist.stores.s3_access import Access, shown_endpoint
from florist.stores.s3_answers import code_of, failure, refusal
from florist.stores.s3_signing import signed_as_of
from florist.stores.threads import finished_in

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

T = TypeVar("T")

SENT_AT_ONCE = 1024 * 1024
"""Bytes of a body that are sent without asking the store first whether it wants them."""
UNKNOWN_LIFE = timedelta(hours=1)
"""What a session token is taken to live for that does not say when it ends; one hour is AWS's default."""


class S3Calls:
    """Calls one S3 account. The client is made at the first call, once, and shared by all threads.

    Args:
        is_checksummed: every upload has a checksum in its headers, for the store to verify.

    Attributes:
        ahead: by how much the store's clock is ahead of ours, as of its last answer.
    """

    def __init__(
        self, access: Access, location: str, *, is_checksummed: bool, now: Callable[[], datetime]
    ) -> None:
        self._access = access
        self._is_checksummed = is_checksummed
        self._location = location
        self._now = now
        self.ahead = timedelta()
        self._lock = threading.Lock()
        self._client: S3Client | None = None
        self._credentials: Credentials | None = None
        self._threads = ThreadPoolExecutor(access.parallel_calls, thread_name_prefix="florist-s3")

    async def call(self, request: "Callable[[S3Client], T]") -> T:
        """Make one request in a thread.

        Raises:
            StoreError: or a leaf of it, or `IntegrityError`; says which bucket at which endpoint, and what to do.
        """
        answer = await self.call_expecting(frozenset(), request)
        assert answer is not None  # noqa: S101 - no boto3 call answers None
        return answer

    async def call_expecting(self, expected: frozenset[str], request: "Callable[[S3Client], T]") -> T | None:
        """Make one request in a thread; None if it is refused with one of the expected error codes."""
        try:
            return await finished_in(self._threads, lambda: request(self._made_client()))
        except boto.ClientError as error:
            if code_of(error) in expected:
                return None
            raise refusal(
                error, where=self._where, location=self._location, is_checksummed=self._is_checksummed
            ) from error
        except (boto.BotoCoreError, HTTPError) as error:
            raise failure(error, where=self._where, location=self._location) from error

    async def endpoint(self) -> str:
        """Return the endpoint that is really called, be it from the settings, the environment or a profile."""
        if self._client is None:
            await self.call(lambda s3: s3)
        return self._endpoint

    def rely_on_checksums(self) -> None:
        """Stop signing payloads where TLS guards the way; for a store that has proved to verify checksums.

        boto3 need not hash every body a second time then.
        """
        if self._client is not None and self._is_checksummed and self._endpoint.startswith("https:"):
            options: dict[str, Any] = self._client.meta.config.s3  # type: ignore[attr-defined]
            options["payload_signing_enabled"] = False

    async def presign(self, where: dict[str, Any], expires_in: timedelta, now: datetime) -> str:
        """Return a presigned URL to GET an object, which ends no later than the credentials that sign it."""

        def signed(s3: "S3Client") -> str:
            seconds = int(min(expires_in, _life_left(self._credentials, now)).total_seconds())
            return s3.generate_presigned_url("get_object", Params=where, ExpiresIn=max(1, seconds))

        return await self.call(signed)

    async def presign_as_of(self, where: dict[str, Any], expires_in: timedelta, signed_at: datetime) -> str | None:
        """Return a URL that any later call with the same arguments returns, too; None with lent credentials."""

        def signed(s3: "S3Client") -> str:
            if self._credentials is None or self._credentials.get_frozen_credentials().token is not None:
                return ""
            url = s3.generate_presigned_url("get_object", Params=where, ExpiresIn=1)
            return signed_as_of(url, signed_at, lasts=expires_in, credentials=self._credentials)

        return await self.call(signed) or None

    def _note_time(self, parsed: dict[str, Any], **_: Any) -> None:
        date = parsed.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
        with suppress(ValueError, TypeError):
            self.ahead = parsedate_to_datetime(date) - self._now()

    def _made_client(self) -> "S3Client":
        with self._lock:
            if self._client is None:
                try:
                    self._client, self._credentials = _client(self._access, is_checksummed=self._is_checksummed)
                    self._client.meta.events.register("after-call.s3", self._note_time)
                except ValueError as error:  # botocore's for an endpoint of the environment that is no URL
                    raise StoreError(
                        f"{self._location} cannot be called: the endpoint in AWS_ENDPOINT_URL, or in the profile, "
                        "is no http or https URL",
                        location=self._location,
                    ) from error
            return self._client

    @property
    def _endpoint(self) -> str:
        url = self._access.endpoint_url if self._client is None else self._client.meta.endpoint_url
        return shown_endpoint(url) if url else "AWS"

    @property
    def _where(self) -> str:
        return f"{self._location} at {self._endpoint}"


def _client(access: Access, *, is_checksummed: bool) -> "tuple[S3Client, Credentials | None]":
    def revealed(secret: SecretStr | None) -> str | None:
        return secret.get_secret_value() if secret else None

    # Without a checksum of ours, boto3's own would be the one that the store does not know.
    checksums = access.request_checksum_calculation if is_checksummed else "when_required"
    options: dict[str, Any] = {
        "signature_version": "s3v4",
        "s3": {"addressing_style": access.addressing_style, "payload_signing_enabled": True},
        # Names us in the bucket's access log; boto3's own words are put together anew for every request.
        "user_agent": f"florist boto3/{boto3.__version__}",
        "retries": {"mode": "standard", "total_max_attempts": access.attempts},
        "connect_timeout": access.connect_timeout,
        "read_timeout": access.read_timeout,
        "max_pool_connections": access.parallel_calls,
        "request_checksum_calculation": checksums,
        "response_checksum_validation": checksums,
    }
    plain = botocore.session.Session(profile=access.profile)
    plain.register_component("data_loader", _descriptions())
    if access.find_credentials is not None:
        plain.get_component("credential_provider").providers.insert(0, _Found(access.find_credentials))
    session = boto3.session.Session(
        botocore_session=plain,
        aws_access_key_id=access.access_key_id,
        aws_secret_access_key=revealed(access.secret_access_key),
        aws_session_token=revealed(access.session_token),
        # Stores other than AWS have no region, but a signature needs one.
        region_name=access.region or ("us-east-1" if access.endpoint_url else None),
    )
    client = session.client(
        "s3", endpoint_url=access.endpoint_url, verify=access.ca_bundle, config=Config(**options)
    )
    _say_with_every_call(client, access)
    client.meta.events.register_last("before-call.s3", _send_small_bodies_at_once)
    return client, session.get_credentials()


def _say_with_every_call(client: "S3Client", access: Access) -> None:
    chosen = {"ExpectedBucketOwner": access.expected_bucket_owner, "RequestPayer": access.request_payer}
    said = {name: value for name, value in chosen.items() if value}

    def add(params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        # A presigned URL would demand them of its reader, as headers.
        if not context.get("is_presign_request"):
            params.update((name, said[name]) for name in said if name in model.input_shape.members)

    if said:
        client.meta.events.register("provide-client-params.s3", add)


def _send_small_bodies_at_once(params: dict[str, Any], **_: Any) -> None:
    """Drop `Expect: 100-continue`, a round trip that tells early that a large body would be sent in vain."""
    body = params.get("body")
    if isinstance(body, BytesIO) and body.getbuffer().nbytes <= SENT_AT_ONCE:
        params["headers"].pop("Expect", None)


class _Found(CredentialProvider):
    """The step of boto3's search for credentials that asks our own settings."""

    METHOD = CANONICAL_NAME = "florist"

    def __init__(self, find: Callable[[], Credentials]) -> None:
        super().__init__()
        self._find = find

    def load(self) -> Credentials:
        return self._find()


def _life_left(credentials: Credentials | None, now: datetime) -> timedelta:
    """Return how long credentials will be taken; for ever, if they are no session's."""
    if credentials is None or credentials.get_frozen_credentials().token is None:
        return timedelta.max
    # botocore keeps the moment to itself, and has just renewed what was near its end.
    expires_at: datetime | None = getattr(credentials, "_expiry_time", None)
    if not isinstance(credentials, RefreshableCredentials) or expires_at is None:
        return UNKNOWN_LIFE
    return expires_at - now


@cache
def _descriptions() -> Loader:
    """Return what botocore knows of S3: a session by itself reads those files anew, in a tenth of a second."""
    return create_loader()
