"""The options of S3 writes: storage class, encryption, tags, object lock, checksum, and headers for readers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlencode

from florist.errors import ConfigurationError
from florist.media_types import is_shown_inline
from florist.stores.s3_upload import Checksum

_TAGS_AT_MOST = 10
"""S3's limit."""


@dataclass(frozen=True, slots=True)
class ObjectOptions:
    """The options of every write to a bucket.

    Attributes:
        storage_class: of outputs alone; manifests and ledger are small and read often.
        encryption: `AES256` (SSE-S3) or `aws:kms`; None leaves it to the bucket.
        retention_mode: of object lock, together with `retain_for`.
        checksum: what the store is asked to verify on arrival; `none` for stores that refuse the header.
    """

    storage_class: str | None = None
    encryption: Literal["AES256", "aws:kms"] | None = None
    kms_key_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    retention_mode: Literal["GOVERNANCE", "COMPLIANCE"] | None = None
    retain_for: timedelta | None = None
    checksum: Checksum = "crc32"

    def __post_init__(self) -> None:
        if (self.retention_mode is None) != (self.retain_for is None):
            raise ConfigurationError("object lock needs both a retention mode and a time to retain for")
        if self.kms_key_id is not None and self.encryption != "aws:kms":
            raise ConfigurationError('a KMS key goes with encryption="aws:kms"')
        if len(self.tags) > _TAGS_AT_MOST:
            raise ConfigurationError(f"S3 takes at most {_TAGS_AT_MOST} tags on an object, not {len(self.tags)}")

    def arguments(self, now: datetime, *, is_locked: bool = True) -> dict[str, Any]:
        """Return these options as arguments of a boto3 write, those left unset excepted.

        Args:
            is_locked: whether object lock applies; not to the objects of probes, which nobody wants kept.
        """
        retain_for = self.retain_for if is_locked else None
        chosen = {
            "ServerSideEncryption": self.encryption,
            "SSEKMSKeyId": self.kms_key_id,
            "Tagging": urlencode(self.tags),
            "ObjectLockMode": self.retention_mode if retain_for else None,
            "ObjectLockRetainUntilDate": now + retain_for if retain_for else None,
        }
        return {name: value for name, value in chosen.items() if value}

    def output_arguments(self, now: datetime, media_type: str, metadata: Mapping[str, str]) -> dict[str, Any]:
        """Return the arguments of a write of an output, which is offered as what it is."""
        # A browser that is not told guesses, and shows umlauts as two letters.
        content_type = f"{media_type}; charset=utf-8" if media_type == "text/plain" else media_type
        arguments = {"ContentType": content_type, "Metadata": dict(metadata), **self.arguments(now)}
        if self.storage_class:
            arguments["StorageClass"] = self.storage_class
        if not is_shown_inline(media_type):
            arguments["ContentDisposition"] = "attachment"
        return arguments

    @property
    def algorithm(self) -> dict[str, str]:
        """The argument that names the checksum besides giving it: object lock asks for that."""
        return {} if self.checksum == "none" else {"ChecksumAlgorithm": self.checksum.upper()}
