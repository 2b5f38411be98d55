"""The state of one resumable download: its limits, position and validator (`If-Range`); does no I/O itself."""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

import httpx

from florist.archive.errors import DeadUrlError, TransferBrokenError, TransferRefusedError
from florist.secrets import SignedUrl
from florist.stores.errors import IntegrityError

DEAD = frozenset({400, 401, 403, 404, 410})
"""What stores answer for a signed URL whose time is over; Google says 400."""

_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_LENGTH = re.compile("[0-9]{1,18}")
_CONTENT_RANGE = re.compile("bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DownloadLimits:
    """What a download may take.

    Attributes:
        total_timeout: seconds for one output, resumes and waiting for the store included.
        bytes_per_second_at_least: over `speed_window` seconds of waiting for the network; slower counts as broken.
        silence_timeout: seconds without a single byte of the file.
        answer_timeout: seconds from looking up the host to the end of the answer's headers, connecting included.
        resumes: broken connections taken up again, at most, for one output.
        fruitless_resumes: those of them in a row that brought nothing.
    """

    size_bytes_at_most: int = 20 * 1024**3
    total_timeout: float = 3600.0
    bytes_per_second_at_least: int = 4096
    speed_window: float = 30.0
    silence_timeout: float = 30.0
    answer_timeout: float = 60.0
    connect_timeout: float = 10.0
    redirects: int = 5
    resumes: int = 20
    fruitless_resumes: int = 3


class DownloadProgress:
    """How far one download is: what came, how often it broke, and what the server promised."""

    def __init__(self, url: SignedUrl, limits: DownloadLimits, monotonic: Callable[[], float]) -> None:
        self._url = url
        self._limits = limits
        self._monotonic = monotonic
        self._deadline = monotonic() + limits.total_timeout
        self._resumes = self._fruitless = self._resumed_from = 0
        self._total_bytes: int | None = None
        self.position = 0
        self.validator: str | None = None
        self.is_complete = False

    def accept(self, response: httpx.Response) -> int:
        """Look at an answer before its bytes; return how many of them are there already and to be skipped."""
        self._check_status(response.status_code)
        is_resumed = response.status_code == 206
        start, total_bytes = _content_range(response) if is_resumed else (0, _content_length(response))
        if is_resumed and start != self.position:
            raise IntegrityError(f"{self._url} sent another part than was asked for")
        validator = _validator(response)
        is_other_length = None not in (total_bytes, self._total_bytes) and total_bytes != self._total_bytes
        if self.position and (validator != self.validator or is_other_length):
            raise IntegrityError(f"{self._url} changed while it was fetched; fetch it anew")
        if total_bytes is not None and total_bytes > self._limits.size_bytes_at_most:
            raise TransferRefusedError(
                f"{self._url} claims {total_bytes} bytes; at most {self._limits.size_bytes_at_most} are kept"
            )
        self.validator, self._total_bytes = validator, total_bytes
        return 0 if is_resumed else self.position

    async def watched(self, chunks: AsyncGenerator[bytes, None], *, skip: int) -> AsyncGenerator[bytes, None]:
        """Yield chunks as long as they come fast enough and do not become too many."""
        window_bytes, window_seconds = 0, 0.0
        while True:
            asked_at = self._monotonic()
            chunk = await self._next(chunks)
            if chunk is None:
                return
            # The taker's time is not the network's: only waiting here is measured.
            window_seconds += self._monotonic() - asked_at
            window_bytes += len(chunk)
            if window_seconds >= self._limits.speed_window:
                self._check_speed(window_bytes / window_seconds)
                window_bytes, window_seconds = 0, 0.0
            self._check_deadline()
            skipped = min(skip, len(chunk))
            skip -= skipped
            self._count(len(chunk) - skipped)
            if len(chunk) > skipped:
                yield chunk[skipped:]

    async def _next(self, chunks: AsyncGenerator[bytes, None]) -> bytes | None:
        """Return the next chunk, None at the end; httpx's own clock starts anew with what only frames chunks."""
        try:
            async with asyncio.timeout(self._limits.silence_timeout):
                return await anext(chunks, None)
        except TimeoutError:
            raise TransferBrokenError(f"{self._url} fell silent at byte {self.position}") from None

    def ended(self) -> None:
        """Take note that the server has sent all it meant to."""
        if self._total_bytes is not None and self.position != self._total_bytes:
            raise TransferBrokenError(f"{self._url} ended after {self.position} of {self._total_bytes} bytes")
        if self.position == 0:
            raise IntegrityError(f"{self._url} is empty")
        self.is_complete = True

    def broken(self, error: Exception) -> float:
        """Return the seconds to wait before taking it up again, or raise if that is no use."""
        self._check_deadline()
        self._resumes += 1
        self._fruitless = self._fruitless + 1 if self.position == self._resumed_from else 0
        self._resumed_from = self.position
        reason = str(error) if isinstance(error, TransferBrokenError) else type(error).__name__
        if self.position and self.validator is None:
            raise TransferBrokenError(
                f"{self._url} broke at byte {self.position} ({reason}) and cannot be resumed"
            ) from error
        if self._resumes > self._limits.resumes or self._fruitless > self._limits.fruitless_resumes:
            raise TransferBrokenError(
                f"{self._url} broke {self._resumes} times, at last at byte {self.position} ({reason})"
            ) from error
        logger.info("%s broke at byte %d (%s); taking it up again", self._url, self.position, reason)
        return 0.5 * 2**self._fruitless if self._fruitless else 0.0

    def _check_status(self, status: int) -> None:
        if status in DEAD:
            raise DeadUrlError(f"{self._url} is dead (HTTP {status})")
        if status in _BUSY:
            raise TransferBrokenError(f"{self._url} answered HTTP {status}")
        if status == 416:
            raise IntegrityError(f"{self._url} is shorter than it was; fetch it anew")
        if status not in (200, 206) or (status == 206 and not self.position):
            raise TransferRefusedError(f"{self._url} answered HTTP {status}, which is no file")

    def _check_speed(self, bytes_per_second: float) -> None:
        if bytes_per_second < self._limits.bytes_per_second_at_least:
            raise TransferBrokenError(f"{self._url} sends only {bytes_per_second:.0f} bytes a second")

    def _check_deadline(self) -> None:
        if self._monotonic() > self._deadline:
            raise TransferRefusedError(
                f"{self._url} was not there after {self._limits.total_timeout:.0f} s, at byte {self.position}"
            )

    def _count(self, size: int) -> None:
        self.position += size
        if self.position > self._limits.size_bytes_at_most:
            raise TransferRefusedError(f"{self._url} has more than {self._limits.size_bytes_at_most} bytes")


def _validator(response: httpx.Response) -> str | None:
    """Return what `If-Range` takes: a strong ETag, or else a date. What is not ASCII cannot be sent back."""
    etag: str = response.headers.get("etag", "")
    modified: str = response.headers.get("last-modified", "")
    found = modified if etag.startswith("W/") else etag or modified
    return found if found and found.isascii() else None


def _content_length(response: httpx.Response) -> int | None:
    told = response.headers.get("content-length", "")
    return int(told) if _LENGTH.fullmatch(told) else None


def _content_range(response: httpx.Response) -> tuple[int, int]:
    told = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
    if told is None:
        raise IntegrityError("a resumed download does not say which part it sends; fetch it anew")
    return int(told[1]), int(told[3])
