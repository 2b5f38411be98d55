"""Assets: files of one's own at FLORA, and what FLORA takes for one.

Source: the contract, "Endpoints"; limits and types as FLORA's own SDK states them.
"""

import asyncio
import hashlib
import io
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from florist.api.errors import AssetChangedError, AssetError
from florist.api.models import FloraModel
from florist.api.wire_values import OptionalMoment, ShownText, Words
from florist.media_types import SNIFFED_BYTES, sniffed
from florist.secrets import SignedUrl

MOST_DIRECT_BYTES = 4 * 1024 * 1024
"""A larger file is uploaded to a reserved address."""

TAKEN_TYPES = frozenset(
    {
        *("image/jpeg", "image/png", "image/webp", "image/gif", "image/avif", "image/heic", "image/heif"),
        *("video/mp4", "video/webm", "video/quicktime"),
        *("audio/mpeg", "audio/wav", "audio/ogg"),
        "application/pdf",
    }
)


class AssetStatus(StrEnum):
    """Where an asset stands."""

    PENDING_UPLOAD = "pending_upload"
    READY = "ready"
    FAILED = "failed"


class UploadTarget(FloraModel):
    """Where the bytes of a reserved asset go: a form of these fields, the file last.

    The fields let their holder upload: like the URL, they are left behind in pickles and JSON.
    """

    url: SignedUrl
    form_fields: dict[str, str] = Field(default_factory=dict, repr=False, exclude=True)
    file_field: str = "file"

    def __getstate__(self) -> dict[Any, Any]:
        state = super().__getstate__()
        return {**state, "__dict__": {**state["__dict__"], "form_fields": {}}}


class Asset(FloraModel):
    """A file at FLORA. Answers differ in how much of it they tell.

    `url` is what a technique's input takes, once the asset is ready. `asset_id` is empty on list items that
    FLORA shows without one. `upload` is there while bytes are awaited, until `expires_at`.
    """

    asset_id: Annotated[str, BeforeValidator(lambda value: value or "")]
    status: AssetStatus
    url: SignedUrl | None = None
    name: Words | None = None
    content_type: str | None = None
    size_bytes: int | None = None
    width: int | None = None
    height: int | None = None
    description: ShownText | None = None
    failure_message: ShownText | None = None
    uploaded_via: str | None = None
    workspace_id: str | None = None
    project_id: str | None = None
    created_at: OptionalMoment = None
    expires_at: OptionalMoment = None
    upload: UploadTarget | None = None


@dataclass(frozen=True, slots=True)
class AssetFile:
    """A file FLORA will take, as far as can be told before sending it.

    Attributes:
        sha256: what its bytes must turn out to be while they are sent; None if that does not matter.
    """

    name: str
    media_type: str
    size_bytes: int
    source: Path | bytes = field(repr=False)
    sha256: str | None = None


class CheckedFile(io.FileIO):
    """A file that is hashed while it is read, and whose end is reached only if the hash is the expected one."""

    def __init__(self, path: Path, sha256: str | None) -> None:
        super().__init__(path, "rb")
        self._path = path
        self._expected = sha256
        self._digest = hashlib.sha256()

    def read(self, size: int | None = -1, /) -> bytes:
        """Read on.

        Raises:
            AssetChangedError: at the end: what was read are other bytes.
        """
        chunk = super().read(-1 if size is None else size) or b""
        self._digest.update(chunk)
        if not chunk and self._expected not in (None, self._digest.hexdigest()):
            raise AssetChangedError(
                f"{self._path} changed while it was being brought to FLORA, and nothing was started with it; run "
                "this again once nobody writes to it any more"
            )
        return chunk

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move; back at the beginning, hashing begins anew."""
        position = super().seek(offset, whence)
        if position == 0:
            self._digest = hashlib.sha256()
        return position


async def asset_file(
    source: Path | bytes, *, content_type: str | None, file_name: str | None, sha256: str | None = None
) -> AssetFile:
    """Look at a file before it is sent; its type is told from its bytes unless given.

    Raises:
        AssetError: missing, empty, or of a type FLORA does not take.
    """
    beginning, size_bytes = await asyncio.to_thread(_looked_at, source)
    name = file_name or (source.name if isinstance(source, Path) else "file")
    media_type = content_type or sniffed(beginning)
    if size_bytes == 0:
        raise AssetError(f"{name} is empty: there is nothing to upload")
    if media_type not in TAKEN_TYPES:
        raise AssetError(f"{name} is {media_type or 'of no known media type'}; FLORA takes {_taken_types()}")
    return AssetFile(name, media_type, size_bytes, source, sha256)


def _taken_types() -> str:
    names: dict[str, list[str]] = {}
    for media_type in sorted(TAKEN_TYPES, reverse=True):
        kind, _, name = media_type.partition("/")
        names.setdefault(kind, []).append(name)
    return ", ".join(f"{kind} ({', '.join(sorted(found))})" for kind, found in names.items())


def _looked_at(source: Path | bytes) -> tuple[bytes, int]:
    if isinstance(source, bytes):
        return source[:SNIFFED_BYTES], len(source)
    try:
        with source.open("rb") as file:
            return file.read(SNIFFED_BYTES), source.stat().st_size
    except OSError as error:
        raise AssetError(f"{source} cannot be read: {error.strerror}") from error
