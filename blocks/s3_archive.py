"""The block that keeps outputs in a bucket: AWS S3, or anything that speaks its protocol."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self, TypeAlias

from botocore.credentials import Credentials, RefreshableCredentials
from prefect.blocks.core import Block
from pydantic import Field, SecretStr

from blocks.appearance import DOCUMENTATION_URL, S3_LOGO_URL
from florist.stores.s3 import S3Store
from florist.stores.s3_access import Access, AddressingStyle, ChecksumHeaders
from florist.stores.s3_options import ObjectOptions
from florist.stores.s3_upload import Checksum
from florist.stores.store import Store

try:
    from prefect_aws import AwsCredentials, MinIOCredentials
except ImportError:  # optional: without prefect-aws the block's own two fields carry the credentials
    SharedCredentials: TypeAlias = None
else:
    SharedCredentials: TypeAlias = AwsCredentials | MinIOCredentials | None  # type: ignore[misc, no-redef]


_ROLE_SECONDS = 3600
"""How long an assumed role lives where nothing else is asked for."""


class S3Archive(Block):
    """A bucket that completed outputs are kept in, with their manifests and the ledger.

    Most buckets need the first field alone; the fields after the credentials are for buckets with rules of their
    own, and for stores other than AWS.

    Example:
        List what is kept:

        ```python
        from blocks import S3Archive

        archive = S3Archive.load("BLOCK_NAME")
        async for item in archive.get_store().list(""):
            print(item.key, item.size_bytes)
        ```
    """

    _block_type_name = "S3 Archive"
    _block_type_slug = "s3-archive"
    _logo_url = S3_LOGO_URL
    _documentation_url = DOCUMENTATION_URL
    _description = "An S3 bucket that keeps the outputs of FLORA runs, with their manifests and the ledger."

    # Text fields are empty rather than None: Prefect's form shows every Optional as two tabs.
    bucket: str = Field(description="The bucket's name; it must exist.")
    prefix: str = Field(default="", description="A folder inside the bucket, such as creative/nightly.")
    region_name: str = Field(
        default="",
        title="Region",
        description="The bucket's region, such as eu-central-1; empty: as boto3 finds it.",
    )
    endpoint_url: str = Field(
        default="",
        title="Endpoint URL",
        description="The server's address for stores other than AWS, such as http://127.0.0.1:8333; empty: AWS.",
    )
    aws_access_key_id: str = Field(
        default="",
        title="Access Key ID",
        description="Empty: boto3 looks where it always does, in environment, profile and role.",
    )
    aws_secret_access_key: SecretStr = Field(
        default=SecretStr(""), title="Secret Access Key", description="The secret that belongs to the access key."
    )
    credentials: SharedCredentials = Field(
        default=None,
        description="A saved AWS or MinIO credentials block of prefect-aws, for what is left empty above.",
    )
    storage_class: str = Field(
        default="",
        description="Of the outputs, such as STANDARD_IA or INTELLIGENT_TIERING; empty: the bucket's own.",
    )
    encryption: Literal["bucket", "AES256", "aws:kms"] = Field(
        default="bucket", description="On the server; `bucket` leaves it to the bucket's own setting."
    )
    kms_key_id: str = Field(
        default="",
        title="KMS Key ID",
        description="With aws:kms, the key to encrypt by; empty: the account's own.",
    )
    tags: dict[str, str] = Field(
        default_factory=dict, description="On every object, for rules and bills; at most ten."
    )
    object_lock: Literal["none", "GOVERNANCE", "COMPLIANCE"] = Field(
        default="none",
        description="Keeps everything written from being deleted; the bucket must allow object lock.",
    )
    retention_days: int = Field(default=0, ge=0, description="With object lock, for how long.")
    addressing_style: AddressingStyle = Field(
        default="auto",
        description="Where the bucket's name stands in URLs; `path` for most stores other than AWS.",
    )
    checksum: Checksum = Field(
        default="crc32", description="What the store verifies on arrival; `none` for stores that refuse it."
    )
    request_checksum_calculation: ChecksumHeaders = Field(
        default="when_supported",
        description="`when_required` for older stores that answer 411 or 501; Checksum `none` implies it.",
    )
    ca_bundle: str = Field(
        default="",
        title="CA Bundle",
        description="A file on the worker with the certificates to trust; empty: the usual ones.",
    )
    profile: str = Field(
        default="", description="A profile of the AWS files on the worker, for credentials, region and endpoint."
    )
    expected_bucket_owner: str = Field(
        default="",
        description="The id of the account that must own the bucket; empty: any.",
    )
    request_payer: Literal["bucket owner", "requester"] = Field(
        default="bucket owner", description="`requester` for buckets whose owner does not pay for requests."
    )

    @classmethod
    def of(cls, store: S3Store) -> Self:
        """Return the block of a store that a location named: all but its credentials, which boto3 finds."""
        access = store.access
        return cls(
            bucket=store.bucket,
            prefix=store.prefix,
            region_name=access.region or "",
            endpoint_url=access.endpoint_url or "",
            profile=access.profile or "",
            addressing_style=access.addressing_style,
            checksum=store.options.checksum,
            request_checksum_calculation=access.request_checksum_calculation,
            ca_bundle=access.ca_bundle or "",
            expected_bucket_owner=access.expected_bucket_owner or "",
            request_payer=access.request_payer or "bucket owner",
        )

    def get_store(self) -> Store:
        """Return the store that keeps objects in this bucket. No connection is made yet.

        Raises:
            ConfigurationError: fields contradict each other.
        """
        return S3Store(self.bucket, self.prefix, access=self._access(), options=self._options())

    def _options(self) -> ObjectOptions:
        return ObjectOptions(
            storage_class=self.storage_class or None,
            encryption=None if self.encryption == "bucket" else self.encryption,
            kms_key_id=self.kms_key_id or None,
            tags=self.tags,
            retention_mode=None if self.object_lock == "none" else self.object_lock,
            retain_for=timedelta(days=self.retention_days) if self.retention_days else None,
            checksum=self.checksum,
        )

    def _access(self) -> Access:
        own = Access(
            endpoint_url=self.endpoint_url or None,
            region=self.region_name or None,
            access_key_id=self.aws_access_key_id or None,
            secret_access_key=self.aws_secret_access_key
            if self.aws_secret_access_key.get_secret_value()
            else None,
            addressing_style=self.addressing_style,
            request_checksum_calculation=self.request_checksum_calculation,
            ca_bundle=self.ca_bundle or None,
            profile=self.profile or None,
            expected_bucket_owner=self.expected_bucket_owner or None,
            request_payer="requester" if self.request_payer == "requester" else None,
        )
        shared: Any = self.credentials
        return own if shared is None else _with_shared(own, shared)


def _with_shared(own: Access, credentials: Any) -> Access:
    """Take from a block of prefect-aws what our own fields leave open.

    Prefect's form saves an empty one where a person chose none: it must not hide the fields that were filled in.
    """
    client = credentials.aws_client_parameters
    bundle = client.verify_cert_path
    reached = replace(
        own,
        endpoint_url=own.endpoint_url or client.endpoint_url,
        region=own.region or credentials.region_name,
        ca_bundle=own.ca_bundle or (str(bundle) if bundle else None),
        profile=own.profile or getattr(credentials, "profile_name", None),
    )
    if own.access_key_id:
        return reached
    if getattr(credentials, "assume_role_arn", None):
        return replace(reached, find_credentials=lambda: renewed(credentials))
    if not (getattr(credentials, "aws_access_key_id", None) or getattr(credentials, "minio_root_user", None)):
        return reached  # boto3 finds the others, and renews them
    frozen = credentials.get_boto3_session().get_credentials().get_frozen_credentials()
    return replace(
        reached,
        access_key_id=frozen.access_key,
        secret_access_key=SecretStr(frozen.secret_key),
        session_token=SecretStr(frozen.token) if frozen.token else None,
    )


def renewed(credentials: Any, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Credentials:
    """Return credentials of the role that a block of prefect-aws assumes, assumed again before they expire.

    The block itself assumes it once, and its session dies in the middle of a long campaign.
    """

    def assume() -> dict[str, str | None]:
        lives_for = timedelta(seconds=credentials.assume_role_kwargs.DurationSeconds or _ROLE_SECONDS)
        expires_at = now() + lives_for
        frozen = credentials.get_boto3_session().get_credentials().get_frozen_credentials()
        return {
            "access_key": frozen.access_key,
            "secret_key": frozen.secret_key,
            "token": frozen.token,
            "expiry_time": expires_at.isoformat(),
        }

    return RefreshableCredentials.create_from_metadata(assume(), refresh_using=assume, method="prefect-aws")
