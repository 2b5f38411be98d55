"""What Florist asks of a place that keeps objects: S3, or a local folder.

Every key is relative to the store's own bucket and prefix, or folder, and must pass `keys.checked_key`
(`UnsafeKeyError`). Writing never overwrites.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from florist.secrets import SignedUrl


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What a store tells of one object without reading it.

    Attributes:
        sha256: hex digest of the bytes, as recorded when they were written; None where a listing or a
            foreign writer left it out, and for objects on S3 of more than one part, whose digest is not known
            when their metadata is sent: the manifest holds it.
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
    """A place that keeps objects, safe for many processes at once.

    Errors of every method: `StoreError` and its leaves; the message names the store and the mend.

    Example: docs/client.md, "Paying once".
    """

    @property
    def location(self) -> str:
        """Where it is, for people: `s3://bucket/prefix` or `file:///folder`. Holds no secret."""
        ...

    async def check(self) -> None:
        """Make sure, before anything is paid for, that objects can be written, read and are never overwritten.

        Raises:
            StoreUnsafeError: create-if-absent is not enforced.
            StoreError: the bucket is missing, access is denied, there is no space, no connection.
        """
        ...

    async def head(self, key: str) -> StoredObject | None:
        """Return what is known of an object; None if there is none."""
        ...

    async def read(self, key: str) -> bytes | None:
        """Return a small object whole; None if there is none."""
        ...

    def stream(self, key: str) -> AsyncIterator[bytes]:
        """Yield an object's bytes in order, in chunks of at most a few MiB.

        Raises:
            ObjectMissingError: there is none under the key.
        """
        ...

    async def create(self, key: str, data: bytes, *, media_type: str = "application/json") -> bool:
        """Write a small object if there is none under the key: atomic, durable, decided by the store.

        Returns:
            True if it now stands there by this call, or stood there already with these very bytes (the answer
            to our own write may have been lost); False if other bytes were there first.
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
        """Write a stream under a new key; nothing is visible there until all of it is, and it is durable then.

        Memory is bounded however long the stream. If `chunks` raises, nothing is left under the key and the
        exception passes through. If the key holds the same bytes already, that object is returned.

        Returns:
            The object as read back from the store, with size and SHA-256.

        Raises:
            KeyTakenError: other bytes are kept under this key.
            IntegrityError: the store has not kept what was sent.
        """
        ...

    def list(self, prefix: str, *, start_after: str = "") -> AsyncIterator[StoredObject]:
        """Yield the objects whose key begins with `prefix`.

        The order is the store's own and the same every time: by key in a folder and on AWS, folder by folder
        on SeaweedFS.

        Args:
            start_after: a key that was listed before; goes on with those that came after it.
        """
        ...

    async def presign(self, key: str, *, expires_in: timedelta) -> SignedUrl | None:
        """Return a URL that FLORA can read the object by for a while; None where the store has none (folder)."""
        ...

    async def delete(self, key: str) -> None:
        """Remove an object of our own probes and leftovers; not an error if there is none."""
        ...

    async def drop_leftovers(self, *, older_than: timedelta) -> int:
        """Remove what killed writers left under no key: temporary files, unfinished multipart uploads.

        Args:
            older_than: leave alone what was begun later than that ago; it may still be written.

        Returns:
            How many were removed.
        """
        ...
