"""Where the value of an input comes from, before anything is uploaded or signed."""

import mimetypes
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field

from florist.api.models import MediaKind
from florist.frozen import FrozenModel
from florist.pipelines.errors import UnusableValueError
from florist.secrets import shown_url
from florist.upload_address import SCHEME, UploadAddress
from florist.wording import quoted, shortened

KIND_NAMES = {
    MediaKind.IMAGE: "an image",
    MediaKind.VIDEO: "a video",
    MediaKind.AUDIO: "audio",
    MediaKind.TEXT: "text",
    MediaKind.DOCUMENT: "a document",
}
"""What people call the kinds."""

_FAMILIES = {"image": MediaKind.IMAGE, "video": MediaKind.VIDEO, "audio": MediaKind.AUDIO, "text": MediaKind.TEXT}
_NO_URL = "not a URL"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class _Source(FrozenModel):
    model_config = ConfigDict(extra="forbid")


class TextSource(_Source):
    """A literal text."""

    kind: Literal["text"] = "text"
    text: str

    def __str__(self) -> str:
        return quoted(self.text)


class FileSource(_Source):
    """A file on this machine; the path is absolute."""

    kind: Literal["file"] = "file"
    path: Path

    def __str__(self) -> str:
        return shortened(self.path.name)


class UrlSource(_Source):
    """A URL that somebody gave. It may open a private file to whoever holds it: show it as `str` does."""

    kind: Literal["url"] = "url"
    url: str = Field(repr=False)

    def __str__(self) -> str:
        return shortened(shown_url(self.url))


class UploadSource(_Source):
    """A file that somebody uploaded to the archive."""

    kind: Literal["upload"] = "upload"
    address: UploadAddress

    def __str__(self) -> str:
        return self.address.shown


MediaSource = FileSource | UrlSource | UploadSource
"""Where media come from that no step makes."""


class OutputSource(_Source):
    """One output of an earlier step's run; `index` counts in the order in which the run tells them."""

    kind: Literal["output"] = "output"
    step: str
    index: int

    def __str__(self) -> str:
        return f"{self.step}[{self.index}]"


class JoinedSource(_Source):
    """A text with text outputs of earlier steps in it."""

    kind: Literal["joined"] = "joined"
    parts: tuple[TextSource | OutputSource, ...]

    def joined(self, text_of: Callable[[OutputSource], str]) -> str:
        """Return the whole text; `text_of` reads an output."""
        return "".join(part.text if isinstance(part, TextSource) else text_of(part) for part in self.parts)

    def __str__(self) -> str:
        return quoted(self.joined(lambda output: f"[{output}]"))


InputSource = Annotated[
    TextSource | FileSource | UrlSource | UploadSource | OutputSource | JoinedSource, Field(discriminator="kind")
]


def media_source(value: str, kind: MediaKind, *, folder: Path) -> MediaSource:
    """Return the source of a media value: an https URL, an upload's address, or a path that starts at the folder.

    Looks at the file, so that what can be known before spending is known. Whether an upload is there, the archive
    tells: a campaign's plan asks it.

    Raises:
        UnusableValueError: another kind of URL, no such file, or a file that by its name is of another kind.
    """
    if value.startswith(SCHEME):
        return _upload(value, kind)
    if "://" in value or value.startswith("data:"):
        return _url(value, kind)
    path = (folder / value).absolute()
    try:
        fault = _fault(path)
    except OSError as error:
        fault = f"cannot be read: {error.strerror}"
    if fault:
        raise UnusableValueError(f"the file {shortened(str(path), 300)} {fault}", kind=f"the file {fault}")
    _refuse_other_kind(path.name, kind)
    return FileSource(path=path)


def _upload(value: str, kind: MediaKind) -> UploadSource:
    address = UploadAddress.parsed(value)
    if address is None:
        raise UnusableValueError(
            f"{quoted(value)} is no address of an upload; copy it whole, as `florist upload` or the page of "
            "uploads told it: upload:<64 digits>.<extension>",
            kind="no address of an upload",
        )
    _refuse_other_kind(address.name, kind)
    return UploadSource(address=address)


def _url(value: str, kind: MediaKind) -> UrlSource:
    scheme = value.partition(":")[0]
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError as error:
        raise UnusableValueError(f"{quoted(scheme)} … is not a URL: {error}", kind=_NO_URL) from error
    is_loopback = parts.scheme == "http" and host in _LOOPBACK
    if parts.scheme != "https" and not is_loopback:
        raise UnusableValueError(
            f"{quoted(scheme + ':…')} cannot be fetched by FLORA; give an https URL or a file",
            kind="a URL that FLORA cannot fetch",
        )
    if not host or any(character.isspace() for character in value):
        raise UnusableValueError(
            f"{quoted(shown_url(value))} is not a URL: it has no host, or a space in it", kind=_NO_URL
        )
    if parts.username or parts.password:
        raise UnusableValueError(
            f"{quoted(shown_url(value))} has a user or password in it; give a public URL",
            kind="a URL with a user or password in it",
        )
    _refuse_other_kind(parts.path, kind)
    return UrlSource(url=value)


def _fault(path: Path) -> str | None:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a NUL in the path
        return "does not exist"
    if stat.S_ISDIR(found.st_mode):
        return "is a folder; name a file in it"
    if not stat.S_ISREG(found.st_mode):
        return "is not a regular file"
    if found.st_size == 0:
        return "is empty"
    return None if os.access(path, os.R_OK) else "may not be read; look at its permissions"


def _refuse_other_kind(name: str, kind: MediaKind) -> None:
    media_type = mimetypes.guess_type(name)[0] or ""
    looks_like = _FAMILIES.get(media_type.partition("/")[0])
    if media_type == "application/pdf":
        looks_like = MediaKind.DOCUMENT
    if looks_like and looks_like is not kind:
        raise UnusableValueError(
            f"{quoted(Path(name).name)} looks like {KIND_NAMES[looks_like]}, not {KIND_NAMES[kind]}",
            kind=f"the name is that of {KIND_NAMES[looks_like]}, not of {KIND_NAMES[kind]}",
        )
