"""The contract of an object store without overwriting: what S3 and a local folder both promise.

Every key is relative to the store's own bucket and prefix, or folder, and must pass `keys.checked_key`
(`UnsafeKeyError`). Writing is create-if-absent: it never overwrites.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from florist.secrets import SignedUrl


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object's metadata, as told by `head`, `list` and `write`.

    Attributes:
        sha256: hex digest of the bytes. From `write`, verified; from `head` on S3, what the writer noted, a claim
            until the bytes are read. None where a listing or a foreign writer left it out, and for objects on S3
            of more than one part, whose digest is not known when their metadata is sent: the manifest holds it.
        media_type: MIME type; empty where a listing does not tell.
        metadata: what was given to `write`; empty in listings, and from a folder, which keeps none.
    """

    key: str
    size_bytes: int
    modified_at: datetime
    media_type: str = ""
    sha256: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


class Store(Protocol):
    """An object store, safe for many processes at once.

    Errors of every method: `StoreError` and its leaves; the message names the store and the remedy.

    Example: docs/client.md, "Paying once".
    """

    @property
    def location(self) -> str:
        """The address for people: `s3://bucket/prefix` or `file:///folder`. Holds no secret."""
        ...

    async def check(self) -> None:
        """Prove before anything is paid for that objects can be written, read and listed, and never overwritten.

        Cheap to repeat. Needs no right to delete.

        Raises:
            StoreUnsafeError: create-if-absent is not atomic, or a new object is not listed at once.
            StoreError: the bucket is missing, access is denied, there is no space, no connection.
        """
        ...

    async def head(self, key: str) -> StoredObject | None:
        """Return what is known of an object; None if there is none."""
        ...

    async def read(self, key: str) -> bytes | None:
        """Return a small object whole; None if there is none."""
        ...

    async def read_range(self, key: str, start: int, size_bytes: int) -> bytes | None:
        """Return so many bytes of an object from an offset on, fewer at its end; None if there is no object.

        The offset is inside the object. Nothing is held open between two calls, however slow their caller is.
        """
        ...

    def stream(self, key: str) -> AsyncIterator[bytes]:
        """Yield an object's bytes in order, in chunks of at most a few MiB.

        Raises:
            ObjectMissingError: there is none under the key.
        """
        ...

    async def create(self, key: str, data: bytes, *, media_type: str = "application/json") -> bool:
        """Create a small object if its key is free: an atomic, durable, conditional write, decided by the store.

        Returns:
            True if it now stands there by this call, or stood there already with these very bytes (the answer
            to our own write may have been lost); False if other bytes were there first.

        Raises:
            IntegrityError: the store has not kept what was sent; what it has stays there, for a person to look at.
        """
        ...

    async def write(
        self,
        key: str,
        chunks: AsyncIterator[bytes],
        *,
        media_type: str,
        metadata: Mapping[str, str] | None = None,
    ) -> StoredObject:
        """Write a stream under a free key; nothing is visible there until all of it is, and it is durable then.

        Memory is bounded however long the stream. If `chunks` raises, nothing is left under the key and the
        exception passes through. If the key holds the same bytes already, that object is returned.

        Returns:
            The object with its size and SHA-256, which the store has verified on arrival, or which was computed
            of the bytes read back.

        Raises:
            KeyTakenError: other bytes are kept under this key.
            IntegrityError: the store has not kept what was sent. The damaged object is removed where that is
                allowed, so that the same write may be tried again.
        """
        ...

    def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        """Yield each object whose key begins with `prefix` once, in no order that may be relied on.

        AWS lists by key, SeaweedFS folder by folder, S3 directory buckets in any order: sort, take the highest
        number, and group by key, never by neighbours. An object is listed as soon as its writing has returned.
        """
        ...

    async def present(self, keys: Iterable[str]) -> set[str]:
        """Return those of the keys that have an object: a batched existence check, a bounded number at once."""
        ...

    async def presign(
        self, key: str, *, expires_in: timedelta, signed_at: datetime | None = None
    ) -> SignedUrl | None:
        """Return a presigned URL that anyone can read the object by; None where the store has none (a folder).

        It may expire earlier than asked: no signature outlives the credentials that made it. The URL says when.

        Args:
            signed_at: sign as of then, so that the same URL can be made again; None is returned where it cannot
                be, since the credentials are lent (a role's) and will be others soon.
        """
        ...

    def server_now(self) -> datetime:
        """Return the store's time as known from its last answer; nothing is asked of it."""
        ...

    async def delete(self, *keys: str) -> None:
        """Remove objects, at most 1,000, by one request where the store can; not an error if there is none.

        For what has no worth any more: probes, our own damaged writes, closed pages of a journal.
        """
        ...

    async def leftovers(self, *, older_than: timedelta) -> int:
        """Count what killed writers left under no key, and `drop_leftovers` would remove."""
        ...

    async def drop_leftovers(self, *, older_than: timedelta) -> int:
        """Remove what killed writers left under no key: temporary files, unfinished multipart uploads.

        What may not be removed is left, with a warning: a bucket may well deny it.

        Args:
            older_than: leave alone what was begun later than that ago; it may still be written.

        Returns:
            How many were removed.
        """
        ...
