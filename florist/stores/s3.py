"""The store in an S3 bucket, on AWS or any store whose `If-None-Match` on PutObject is an atomic create-if-absent.

How a write is verified depends on what was proved of the store (`s3_check`). It verifies checksums: an answer that
repeats ours is enough. It verifies signed payloads: a HEAD tells the rest. Neither: every byte is read back.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from florist.secrets import SignedUrl
from florist.stores.errors import (
    IntegrityError,
    KeyTakenError,
    ObjectMissingError,
    StoreDeniedError,
    StoreError,
    StoreUnavailableError,
)
from florist.stores.keys import checked_key
from florist.stores.parts import PART_BYTES, filled, read_ahead
from florist.stores.probe import FOLDER as CHECKS
from florist.stores.s3_access import Access
from florist.stores.s3_answers import ABSENT, NO_SUCH_UPLOAD, TAKEN
from florist.stores.s3_check import Checker, Verdict
from florist.stores.s3_client import S3Calls
from florist.stores.s3_options import ObjectOptions
from florist.stores.s3_upload import WRITE_ID, Digest, MultipartUpload
from florist.stores.store import StoredObject
from florist.stores.threads import in_thread

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

T = TypeVar("T")

_READ_BYTES = 1024 * 1024
_SHA256 = "sha256"
_CONFLICTS_AT_MOST = 5

logger = logging.getLogger(__name__)

HASHED_AT_ONCE = 64 * 1024
"""Bytes that are hashed where they are, without a thread."""


class S3Store:
    """A `Store` in a bucket. All below the prefix is taken to be ours. Example: docs/client.md, "Paying once"."""

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        *,
        access: Access | None = None,
        options: ObjectOptions | None = None,
        part_bytes: int = PART_BYTES,
        parts_in_flight: int = 2,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Name the bucket; nothing is asked of it before the first call.

        Args:
            part_bytes: what one request carries; smaller objects are written by one PutObject.
            parts_in_flight: uploads at once for one object. One more part is read ahead meanwhile, and takes the
                room of two while its pieces are put together.
        """
        self.bucket = bucket
        self.prefix = checked_key(prefix.strip("/")) if prefix.strip("/") else ""
        self.access = access or Access()
        self.options = options or ObjectOptions()
        self._part_bytes = part_bytes
        self._parts_in_flight = parts_in_flight
        self._now = now
        self._sleep = sleep
        self._calls = S3Calls(self.access, self.location, is_checksummed=self.options.checksum != "none", now=now)
        self._keeps_versions = False
        self._checker = Checker(
            self,
            self._calls,
            write={
                "Bucket": bucket,
                **self.options.arguments(now(), is_locked=False),
                **self.options.algorithm,
            },
            checksum=self.options.checksum,
            credentials=f"{self.access.profile} {self.access.access_key_id}",
            full_key=lambda key: self.full_prefix + checked_key(key),
            keeps_versions=lambda: self._keeps_versions,
            now=now,
        )

    @property
    def location(self) -> str:
        """`s3://bucket/prefix`."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    async def check(self) -> None:
        """Prove that the bucket never overwrites, by a probe a day; see `Store.check` and `s3_check`."""
        await self._checker.check()

    async def verdict(self) -> Verdict:
        """Return what `check` has found out about the bucket; nothing is asked of it."""
        return await self._checker.verdict()

    async def ask(self, request: "Callable[[S3Client], T]", *, expected: frozenset[str] = frozenset()) -> T | None:
        """Ask the bucket what no method of a store asks; None if it answers with an expected error code."""
        return await self._calls.call_expecting(expected, request)

    async def head(self, key: str) -> StoredObject | None:
        """Return what is known of an object; None if there is none."""
        told = await self._told(key)
        return None if told is None else _described(key, told)

    async def read(self, key: str) -> bytes | None:
        """Return a small object whole; None if there is none."""
        where = self._where(key)

        def whole(s3: Any) -> bytes:
            content: bytes = s3.get_object(**where)["Body"].read()
            return content

        return await self._calls.call_expecting(ABSENT, whole)

    async def read_range(self, key: str, start: int, size_bytes: int) -> bytes | None:
        """Return a part of an object by one ranged GET; None if there is none."""
        where = {**self._where(key), "Range": f"bytes={start}-{start + size_bytes - 1}"}

        def part(s3: Any) -> bytes:
            content: bytes = s3.get_object(**where)["Body"].read()
            return content

        return await self._calls.call_expecting(ABSENT, part)

    async def stream(self, key: str) -> AsyncGenerator[bytes, None]:
        """Yield an object's bytes in order; see `Store.stream`."""
        where = self._where(key)
        answer = await self._calls.call_expecting(ABSENT, lambda s3: s3.get_object(**where))
        if answer is None:
            raise ObjectMissingError(f"there is nothing under {key} in {self.location}", key=key)
        body = answer["Body"]
        try:
            while block := await self._calls.call(lambda _: body.read(_READ_BYTES)):
                yield block
        finally:
            body.close()

    async def create(self, key: str, data: bytes, *, media_type: str = "application/json") -> bool:
        """Write a small object if there is none under the key; see `Store.create`."""
        digest = Digest(self.options.checksum)
        options = self.options.arguments(self._now(), is_locked=not key.startswith(CHECKS))
        is_ours = await self._put(key, data, digest, {"ContentType": media_type, **options}) is not None
        # A probe wants to know what the store says itself.
        if is_ours and (key.startswith(CHECKS) or (await self._checker.verdict()).integrity != "none"):
            return True
        is_same = await self._is_kept(key, hashlib.sha256(data).hexdigest())
        if is_ours and not is_same:
            raise IntegrityError(f"{self.location} has not kept {key} as it was sent; look at it")
        return is_same

    async def write(
        self,
        key: str,
        chunks: AsyncIterator[bytes],
        *,
        media_type: str,
        metadata: Mapping[str, str] | None = None,
    ) -> StoredObject:
        """Write a stream under a new key; see `Store.write`."""
        digest = Digest(self.options.checksum)
        arguments = self.options.output_arguments(self._now(), media_type, metadata or {})
        async with aclosing(filled(chunks, self._part_bytes)) as parts:
            first = await anext(parts, b"")
            second = await anext(parts, None) if len(first) == self._part_bytes else None
            write_id = ""
            if second is None:
                answer = await self._put(key, first, digest, arguments)
                integrity = (await self._checker.verdict()).integrity
                if answer is not None and integrity == "checksum" and digest.is_confirmed_by(answer):
                    return self._as_sent(key, digest, arguments)
                is_ours = answer is not None
            else:
                async with aclosing(read_ahead(_rejoined(first, second, parts))) as all_parts:
                    write_id = await self._upload(key, all_parts, digest, arguments)
                is_ours = bool(write_id)
        return await self._verified(key, digest, is_ours=is_ours, write_id=write_id)

    async def list(self, prefix: str) -> AsyncGenerator[StoredObject, None]:
        """Yield objects whose key begins with `prefix`; see `Store.list`."""
        arguments: dict[str, Any] = {"Bucket": self.bucket, "Prefix": self.full_prefix + prefix}
        while True:
            page = await self._calls.call(lambda s3: s3.list_objects_v2(**arguments))
            for item in page.get("Contents", ()):
                key = item["Key"].removeprefix(self.full_prefix)
                yield StoredObject(key=key, size_bytes=item["Size"], modified_at=item["LastModified"])
            if "NextContinuationToken" not in page:
                return
            arguments["ContinuationToken"] = page["NextContinuationToken"]

    async def present(self, keys: Iterable[str]) -> set[str]:
        """Return those of the keys that have an object, by HEADs side by side; see `Store.present`."""
        places = asyncio.Semaphore(self.access.parallel_calls)

        async def found(key: str) -> str | None:
            async with places:
                return None if await self._told(key) is None else key

        return {key for key in await asyncio.gather(*map(found, keys)) if key is not None}

    async def presign(
        self, key: str, *, expires_in: timedelta, signed_at: datetime | None = None
    ) -> SignedUrl | None:
        """Return a presigned URL, whether or not the object is there; None where the requester pays."""
        if self.access.request_payer is not None:
            return None  # its reader would have to be a requester who pays
        where = self._where(key)
        if signed_at is None:
            return SignedUrl(await self._calls.presign(where, expires_in, self._now()))
        url = await self._calls.presign_as_of(where, expires_in, signed_at)
        return None if url is None else SignedUrl(url)

    def server_now(self) -> datetime:
        """Return S3's time by the `Date` of its last answer; before any, this machine's."""
        return self._now() + self._calls.ahead

    async def delete(self, *keys: str) -> None:
        """Remove objects, or hide them where the bucket keeps versions; see `Store.delete`."""
        if len(keys) > 1 and await self._has_deleted(keys):
            return
        for where in map(self._where, keys):
            answer = await self._calls.call(partial(_deleted, where))
            self._keeps_versions = self._keeps_versions or "VersionId" in answer

    async def _has_deleted(self, keys: Sequence[str]) -> bool:
        """Remove objects by one request; False where the store knows none that does, or has left any of them."""
        named: Any = {"Objects": [{"Key": self._where(key)["Key"]} for key in keys], "Quiet": True}
        try:
            answer = await self._calls.call(lambda s3: s3.delete_objects(Bucket=self.bucket, Delete=named))
        except (StoreUnavailableError, StoreDeniedError):
            raise
        except (StoreError, IntegrityError):
            return False
        return not answer.get("Errors")

    async def leftovers(self, *, older_than: timedelta) -> int:
        """Count unfinished multipart uploads below the prefix; see `Store.leftovers`."""
        before = self._now() - older_than
        return sum([upload["Initiated"] < before async for upload in self._unfinished_uploads()])

    async def drop_leftovers(self, *, older_than: timedelta) -> int:
        """Abort unfinished multipart uploads below the prefix; see `Store.drop_leftovers`."""
        dropped = 0
        try:
            async for upload in self._unfinished_uploads():
                if upload["Initiated"] < self._now() - older_than:
                    await self._abort(upload["Key"], upload["UploadId"])
                    dropped += 1
        except StoreDeniedError as error:
            logger.warning("unfinished uploads stay: %s", error)
        return dropped

    @property
    def full_prefix(self) -> str:
        """What the bucket's own keys begin with."""
        return f"{self.prefix}/" if self.prefix else ""

    def _where(self, key: str) -> dict[str, Any]:
        return {"Bucket": self.bucket, "Key": self.full_prefix + checked_key(key)}

    async def _told(self, key: str) -> dict[str, Any] | None:
        arguments = self._where(key)
        if self.options.checksum != "none":
            arguments["ChecksumMode"] = "ENABLED"
        told = await self._calls.call_expecting(ABSENT, lambda s3: s3.head_object(**arguments))
        return None if told is None else {**told}

    async def _put(
        self, key: str, data: bytes, digest: Digest, arguments: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        """Write an object by one request; return the answer to it.

        None if an object was there already, perhaps by a lost answer to our own request.
        """
        # On the event loop, hashing much would give the interpreter away and have to wait for it; a record is
        # hashed sooner than a thread is had.
        is_small = len(data) <= HASHED_AT_ONCE
        verified_by = digest.add(data) if is_small else await in_thread(digest.add, data)
        metadata = {**arguments.get("Metadata", {}), _SHA256: digest.sha256}
        request = {
            **arguments,
            **self.options.algorithm,
            **verified_by,
            **self._where(key),
            "Metadata": metadata,
            "IfNoneMatch": "*",
        }
        for attempt in count(1):
            answer = await self._calls.call_expecting(TAKEN, lambda s3: s3.put_object(**request, Body=data))
            if answer is not None:
                return {**answer}
            if await self._told(key) is not None:
                return None
            # A conflict with a writer that then failed: nobody's object is there.
            if attempt == _CONFLICTS_AT_MOST:
                break
            await self._sleep(0.1 * attempt)
        raise StoreUnavailableError(
            f"{self.location} refuses {key} as taken, yet has none", location=self.location
        )

    def _as_sent(self, key: str, digest: Digest, arguments: Mapping[str, Any]) -> StoredObject:
        """Describe an object whose writing was confirmed, without asking for it."""
        metadata = {**arguments["Metadata"], _SHA256: digest.sha256}
        return StoredObject(key, digest.size_bytes, self._now(), arguments["ContentType"], digest.sha256, metadata)

    async def _upload(
        self, key: str, parts: AsyncIterator[bytes], digest: Digest, arguments: Mapping[str, Any]
    ) -> str:
        """Write an object in parts; return the id that its metadata has, or nothing if the object is not ours."""
        if await self._told(key) is not None:
            # Not worth sending gigabytes for, and some stores would overwrite: see whether it is the same.
            async for part in parts:
                await in_thread(digest.add, part)
            return ""
        where = self._where(key)
        upload = MultipartUpload(
            self._calls,
            self.bucket,
            where["Key"],
            digest,
            parts_in_flight=self._parts_in_flight,
            completion=(await self._checker.verdict()).completion,
        )
        if await upload.send(parts, {**arguments, **self.options.algorithm}):
            return upload.write_id
        told = await self._told(key)
        if told is None:
            raise StoreUnavailableError(
                f"{self.location} lost the upload of {key}; write it again", location=self.location
            )
        return upload.write_id if upload.is_mine(told.get("Metadata", {})) else ""

    async def _verified(self, key: str, digest: Digest, *, is_ours: bool, write_id: str) -> StoredObject:
        """Read-back verification: some stores drop what they were asked to keep, or never looked at checksums."""
        told = await self._told(key)
        kept = None if told is None else _described(key, told)
        if kept is not None and write_id and kept.metadata.get(WRITE_ID, write_id) != write_id:
            # Some stores let two uploads of one key be completed at once, and tell both that theirs stands.
            is_ours = False
        is_same = kept is not None and await self._is_same(kept, told or {}, digest, is_ours=is_ours)
        if kept is not None and is_same:
            return StoredObject(
                key, kept.size_bytes, kept.modified_at, kept.media_type, digest.sha256, kept.metadata
            )
        if not is_ours:
            raise KeyTakenError(
                f"{key} in {self.location} holds other bytes already; nothing was changed", key=key
            )
        claims_to_be_ours = kept is not None and (write_id or kept.sha256 == digest.sha256)
        is_gone = await self._undone(key) if claims_to_be_ours else kept is None
        raise IntegrityError(
            f"{self.location} has not kept {key} as it was sent; "
            + ("it was removed: write it again" if is_gone else "look at it, remove it, then write it again")
        )

    async def _is_same(
        self, kept: StoredObject, told: Mapping[str, Any], digest: Digest, *, is_ours: bool
    ) -> bool:
        """Compare what is kept with what was sent; metadata is what a writer claimed, and proves nothing."""
        if kept.size_bytes != digest.size_bytes or digest.is_contradicted_by(told):
            return False
        is_guarded = is_ours and (await self._checker.verdict()).integrity != "none"
        if is_guarded and (kept.sha256 == digest.sha256 or WRITE_ID in kept.metadata):
            return True
        return await self._is_kept(kept.key, digest.sha256)

    async def _undone(self, key: str) -> bool:
        """Remove our own damaged object: left there, it would bar its key to every further try."""
        try:
            await self.delete(key)
        except StoreError as error:
            logger.warning("a damaged object stays: %s", error)
            return False
        return True

    async def _is_kept(self, key: str, expected: str) -> bool:
        """Read an object back and compare its SHA-256."""
        sha256 = hashlib.sha256()
        try:
            async for block in self.stream(key):
                sha256.update(block)
        except (IntegrityError, ObjectMissingError):
            return False
        return sha256.hexdigest() == expected

    async def _abort(self, full_key: str, upload_id: str) -> None:
        await self._calls.call_expecting(
            NO_SUCH_UPLOAD,
            lambda s3: s3.abort_multipart_upload(Bucket=self.bucket, Key=full_key, UploadId=upload_id),
        )

    async def _unfinished_uploads(self) -> AsyncGenerator[dict[str, Any], None]:
        arguments: dict[str, Any] = {"Bucket": self.bucket, "Prefix": self.full_prefix}
        while True:
            page = await self._calls.call(lambda s3: s3.list_multipart_uploads(**arguments))
            for upload in page.get("Uploads", ()):
                yield {**upload}
            if not page.get("IsTruncated"):
                return
            arguments["KeyMarker"] = page["NextKeyMarker"]
            arguments["UploadIdMarker"] = page["NextUploadIdMarker"]


def _described(key: str, told: Mapping[str, Any]) -> StoredObject:
    metadata = dict(told.get("Metadata", {}))
    return StoredObject(
        key=key,
        size_bytes=told["ContentLength"],
        modified_at=told["LastModified"],
        media_type=told.get("ContentType", ""),
        sha256=metadata.get(_SHA256),
        metadata=metadata,
    )


async def _rejoined(first: bytes, second: bytes, rest: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    yield first
    yield second
    async for part in rest:
        yield part


def _deleted(where: Mapping[str, Any], s3: Any) -> dict[str, Any]:
    answer: dict[str, Any] = s3.delete_object(**where)
    return answer
