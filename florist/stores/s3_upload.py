"""Multipart upload of a stream under a key that must be free, with a bounded number of parts in memory.

boto3's own `upload_fileobj` has no conditional write and breaks on a source with short reads, so the upload is
made call by call.
"""

import asyncio
import base64
import hashlib
import logging
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, cast
from uuid import uuid4

from florist.stores.errors import IntegrityError, StoreError, StoreUnavailableError
from florist.stores.s3_answers import ABSENT, NO_SUCH_UPLOAD, TAKEN
from florist.stores.s3_client import S3Calls
from florist.stores.threads import in_thread

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

Checksum = Literal["crc32", "sha256", "none"]

PARTS_AT_MOST = 10_000
"""S3's limit for one upload."""

WRITE_ID = "florist-write"
"""Metadata by which the writer recognises its own object after an answer was lost."""

Completion = Literal["conditional", "ignores-condition", "refuses-condition", "unknown"]
"""What a store does with `If-None-Match` on CompleteMultipartUpload."""

logger = logging.getLogger(__name__)


class Digest:
    """The hash of a whole object, and the checksums of its parts that the store is asked to verify."""

    def __init__(self, checksum: Checksum) -> None:
        self._checksum = checksum
        self._sha256 = hashlib.sha256()
        self._parts: list[bytes] = []
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        """The hex digest of all that was added."""
        return self._sha256.hexdigest()

    def add(self, part: bytes) -> dict[str, str]:
        """Take in the next part; return the arguments that make the store verify it."""
        self._sha256.update(part)
        self.size_bytes += len(part)
        if self._checksum == "none":
            return {}
        raw = _checksum_of(self._checksum, part)
        self._parts.append(raw)
        return {f"Checksum{self._checksum.upper()}": _base64(raw)}

    def is_confirmed_by(self, answer: Mapping[str, Any]) -> bool:
        """Whether a store's answer repeats the checksum of an object of one part, which was sent along with it."""
        theirs = answer.get(f"Checksum{self._checksum.upper()}")
        return len(self._parts) == 1 and theirs == _base64(self._parts[0])

    def is_contradicted_by(self, told: Mapping[str, Any]) -> bool:
        """Whether the checksum that a store tells of the whole object, if any, is another one."""
        theirs = told.get(f"Checksum{self._checksum.upper()}")
        if not self._parts or not isinstance(theirs, str):
            return False
        if "-" not in theirs:
            # Of several parts, this is a checksum of the whole, which was never computed here.
            return len(self._parts) == 1 and theirs != _base64(self._parts[0])
        whole = _base64(_checksum_of(self._checksum, b"".join(self._parts)))
        return theirs != f"{whole}-{len(self._parts)}"


def _checksum_of(checksum: Checksum, data: bytes) -> bytes:
    if checksum == "sha256":
        return hashlib.sha256(data).digest()
    return zlib.crc32(data).to_bytes(4)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


class MultipartUpload:
    """One multipart upload, aborted unless it is completed.

    Args:
        completion: what the store does with the condition on CompleteMultipartUpload.
    """

    def __init__(
        self,
        calls: S3Calls,
        bucket: str,
        key: str,
        digest: Digest,
        *,
        parts_in_flight: int = 1,
        completion: Completion = "unknown",
    ) -> None:
        self._completion = completion
        self._calls = calls
        self._where: dict[str, Any] = {"Bucket": bucket, "Key": key}
        self._digest = digest
        self._parts_in_flight = parts_in_flight
        self.write_id = uuid4().hex

    def is_mine(self, metadata: Mapping[str, str]) -> bool:
        """Whether an object's metadata is that of this very upload."""
        return metadata.get(WRITE_ID) == self.write_id

    async def send(self, parts: AsyncIterator[bytes], arguments: Mapping[str, Any]) -> bool:
        """Upload all parts and put them together under the key.

        Returns:
            False if the store answers that the key is taken, or the upload unknown: either way that may be
            this very upload, completed by a request whose answer was lost. Compare before believing it.
        """
        upload_id = await self._opened(arguments)
        is_completed = False
        try:
            sent = await self._send_parts(upload_id, parts)
            is_completed = not await self._is_taken() and await self._complete(upload_id, sent)
        finally:
            if not is_completed:
                await self._abort(upload_id)
        return is_completed

    async def _opened(self, arguments: Mapping[str, Any]) -> str:
        opening = asyncio.create_task(self._open(arguments))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # The request is on its way already: without its answer nobody could abort what it opens.
            with suppress(StoreError, IntegrityError):
                await self._abort(await opening)
            raise

    async def _open(self, arguments: Mapping[str, Any]) -> str:
        metadata = {**arguments.get("Metadata", {}), WRITE_ID: self.write_id}
        request = {**arguments, **self._where, "Metadata": metadata}
        return (await self._calls.call(lambda s3: s3.create_multipart_upload(**request)))["UploadId"]

    async def _send_parts(self, upload_id: str, parts: AsyncIterator[bytes]) -> "list[CompletedPartTypeDef]":
        in_flight: set[asyncio.Task[CompletedPartTypeDef]] = set()
        sent: list[CompletedPartTypeDef] = []
        number = 0
        try:
            async for part in parts:
                number += 1
                if number > PARTS_AT_MOST:
                    raise StoreError(f"{self._where['Key']} has more than the {PARTS_AT_MOST} parts S3 takes")
                verified_by = await in_thread(self._digest.add, part)
                in_flight.add(asyncio.create_task(self._send_part(upload_id, number, part, verified_by)))
                if len(in_flight) >= self._parts_in_flight:
                    done, in_flight = await asyncio.wait(in_flight, return_when=asyncio.FIRST_COMPLETED)
                    sent += [task.result() for task in done]
            sent += await asyncio.gather(*in_flight)
        finally:
            await _ended(in_flight)
        return sorted(sent, key=lambda part: part["PartNumber"])

    async def _send_part(
        self, upload_id: str, number: int, part: bytes, verified_by: Mapping[str, str]
    ) -> "CompletedPartTypeDef":
        arguments: dict[str, Any] = {**self._where, **verified_by, "UploadId": upload_id, "PartNumber": number}
        answer = await self._calls.call(lambda s3: s3.upload_part(**arguments, Body=part))
        return cast("CompletedPartTypeDef", {"PartNumber": number, "ETag": answer["ETag"], **verified_by})

    async def _is_taken(self) -> bool:
        """Look once more before the end, where the store itself would not: a chance narrowed, not closed."""
        if self._completion in {"conditional", "unknown"}:
            return False
        return await self._calls.call_expecting(ABSENT, lambda s3: s3.head_object(**self._where)) is not None

    async def _complete(self, upload_id: str, sent: "list[CompletedPartTypeDef]") -> bool:
        request: dict[str, Any] = {**self._where, "UploadId": upload_id, "MultipartUpload": {"Parts": sent}}
        if self._completion != "refuses-condition":
            request["IfNoneMatch"] = "*"
        try:
            answer = await self._calls.call_expecting(
                TAKEN | NO_SUCH_UPLOAD, lambda s3: s3.complete_multipart_upload(**request)
            )
        except StoreUnavailableError as error:
            logger.warning("no answer to the end of an upload to %s: %s", self._where["Key"], error)
            return False
        return answer is not None

    async def _abort(self, upload_id: str) -> None:
        """Give the parts back; left alone they would be billed until a sweep finds them."""
        try:
            await self._calls.call_expecting(
                NO_SUCH_UPLOAD, lambda s3: s3.abort_multipart_upload(**self._where, UploadId=upload_id)
            )
        except StoreError as error:
            logger.warning("an unfinished upload of %s could not be aborted: %s", self._where["Key"], error)


async def _ended(tasks: "set[asyncio.Task[CompletedPartTypeDef]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
