"""The block that keeps outputs in a bucket: AWS S3, or anything that speaks its protocol."""

from typing import TypeAlias

from prefect.blocks.core import Block
from pydantic import Field, SecretStr

from blocks.appearance import DOCUMENTATION_URL, S3_LOGO_URL
from florist.archive.s3 import S3Store
from florist.archive.s3_client import Access
from florist.archive.store import Store

try:
    from prefect_aws import AwsCredentials, MinIOCredentials
except ImportError:  # optional: without prefect-aws the block's own two fields carry the credentials
    SharedCredentials: TypeAlias = None
else:
    SharedCredentials: TypeAlias = AwsCredentials | MinIOCredentials | None  # type: ignore[misc, no-redef]


class S3Archive(Block):
    """A bucket that completed outputs are kept in, with their manifests and the ledger.

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

    bucket: str = Field(description="The bucket's name; it must exist.")
    prefix: str = Field(default="", description="A folder inside the bucket, such as creative/nightly.")
    endpoint_url: str | None = Field(
        default=None, description="The server's address, for stores other than AWS, such as http://127.0.0.1:8333."
    )
    region_name: str | None = Field(default=None, description="The bucket's region, such as eu-central-1.")
    aws_access_key_id: str | None = Field(
        default=None,
        description="Access key. Without it boto3 looks where it always does: environment, profile, role.",
    )
    aws_secret_access_key: SecretStr | None = Field(
        default=None, description="The secret that belongs to the access key."
    )
    credentials: SharedCredentials = Field(
        default=None,
        description="A saved AWS or MinIO credentials block of prefect-aws, in place of the two fields above.",
    )

    def get_store(self) -> Store:
        """Return the store that keeps objects in this bucket. No connection is made yet."""
        return S3Store(self.bucket, self.prefix, access=self._access())

    def _access(self) -> Access:
        if self.credentials is not None:
            found = self.credentials.get_boto3_session().get_credentials().get_frozen_credentials()
            return Access(
                endpoint_url=self.endpoint_url,
                region=self.region_name or self.credentials.region_name,
                access_key_id=found.access_key,
                secret_access_key=SecretStr(found.secret_key),
                session_token=SecretStr(found.token) if found.token else None,
            )
        return Access(
            endpoint_url=self.endpoint_url,
            region=self.region_name,
            access_key_id=self.aws_access_key_id,
            secret_access_key=self.aws_secret_access_key,
        )
