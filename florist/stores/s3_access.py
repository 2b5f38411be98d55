"""The settings of a connection to S3: endpoint, credentials, addressing, and what every request says."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from botocore.credentials import Credentials
from pydantic import SecretStr

from florist.errors import ConfigurationError

AddressingStyle = Literal["auto", "path", "virtual"]
ChecksumHeaders = Literal["when_supported", "when_required"]


@dataclass(frozen=True, slots=True)
class Access:
    """The settings of a connection to S3. What is left unset is searched for as boto3 always does.

    Attributes:
        endpoint_url: of an S3-compatible store; None: AWS_ENDPOINT_URL(_S3), the profile's, else AWS.
        profile: of AWS's configuration files, for region, endpoint and credentials.
        access_key_id: with `secret_access_key`; None leaves the search for credentials to boto3 (environment,
            profile, role).
        find_credentials: called at the first request instead of that search; may return credentials that renew
            themselves.
        addressing_style: `path` for most stores other than AWS, `virtual` for those that demand it.
        request_checksum_calculation: `when_required` for older stores, which answer 411 or 501 to checksums
            in a trailer.
        ca_bundle: file of the certificates to trust instead of the usual ones.
        expected_bucket_owner: account id; a bucket of anybody else's is refused by AWS, whatever its name.
        request_payer: `requester` for buckets whose owner does not pay for requests.
        parallel_calls: threads and connections, at most.
    """

    endpoint_url: str | None = None
    region: str | None = None
    profile: str | None = None
    access_key_id: str | None = None
    secret_access_key: SecretStr | None = None
    session_token: SecretStr | None = None
    find_credentials: Callable[[], Credentials] | None = field(default=None, repr=False, compare=False)
    addressing_style: AddressingStyle = "auto"
    request_checksum_calculation: ChecksumHeaders = "when_supported"
    ca_bundle: str | None = None
    expected_bucket_owner: str | None = None
    request_payer: Literal["requester"] | None = None
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


def shown_endpoint(url: str) -> str:
    """Return an endpoint as scheme, host and port: an environment variable may hold credentials besides."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _check_endpoint(endpoint_url: str) -> None:
    if "@" in endpoint_url:
        raise ConfigurationError(
            "an S3 endpoint URL holds no credentials; give them as the access key and its secret"
        )
    parts = urlsplit(endpoint_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError(f"the S3 endpoint {endpoint_url!r} is no http or https URL")
