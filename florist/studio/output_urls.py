"""Chooses the URL by which a step gets an earlier output: FLORA's own while it lasts, else one of the archive.

::

    a text ───────────────────────────────────────────────────────────────► inline
    an equal body alone is replayed, an archive on S3 that FLORA takes ────► ours, as of a recorded moment
    FLORA's own URL, good for as long as the run may wait ─────────────────► that
    an archive on S3, which FLORA takes URLs of ───────────────────────────► a URL of our object
    no such archive, and FLORA still gives out URLs of the run that last ──► a fresh one
    else, or where FLORA could not open what it was given before ──────────► our bytes, uploaded as an asset
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from florist.api import FloraAPI
from florist.api.errors import NotFoundError
from florist.api.models import MediaKind
from florist.archive.expiry import lasts
from florist.archive.manifest import ArchivedOutput
from florist.pipelines.errors import UnusableValueError
from florist.secrets import SignedUrl
from florist.stores.errors import ObjectMissingError
from florist.stores.store import Store
from florist.studio.asset_cache import LONGEST_QUEUE, AssetCache
from florist.studio.kept_files import as_file
from florist.studio.steps import StepResult

PRESIGNED_FOR = timedelta(hours=6)
"""How long a presigned URL of our object is valid: far beyond any queue and any second read of FLORA's, and short
for a secret that has been given away."""

_TAKEN_HOSTS = ("amazonaws.com", "storage.googleapis.com")
"""Where a store can be that FLORA takes URLs of. Source: the contract, "Starting a run"."""


class HandedUrl(NamedTuple):
    """A URL by which FLORA gets an output.

    Attributes:
        is_repeatable: asked for once more, for the same request, it is expected to be the same.
    """

    url: str
    is_repeatable: bool


class KeptText(Protocol):
    """What must be known of an archived output to read it as a text."""

    @property
    def index(self) -> int: ...  # noqa: D102
    @property
    def type(self) -> MediaKind: ...  # noqa: D102
    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def text(self) -> str | None: ...  # noqa: D102


class OutputUrls:
    """Finds the value by which FLORA gets an output that is in the archive."""

    def __init__(
        self,
        client: FloraAPI,
        store: Store,
        assets: AssetCache,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._store = store
        self._assets = assets
        self._now = now

    async def url_of(
        self,
        made: StepResult,
        index: int,
        *,
        timeout: float | None = None,
        by_upload: bool = False,
        signed_at: datetime | None = None,
    ) -> HandedUrl:
        """Return a URL of an output's bytes that FLORA can open.

        Args:
            timeout: seconds the run that takes it may last, FLORA's queue included.
            by_upload: FLORA could not open the other URLs.
            signed_at: prefer a URL that can be made again, signed as of then.

        Raises:
            AssetError: FLORA does not take the file.
            IntegrityError: the archive does not hold what its manifest says.
        """
        if not by_upload:
            needed = min(LONGEST_QUEUE, timedelta(seconds=timeout)) if timeout else LONGEST_QUEUE
            again = signed_at and await self._presigned(made.outputs[index], needed, signed_at=signed_at)
            if again:
                return HandedUrl(again.reveal(), is_repeatable=True)
            found = made.run.outputs[index].url
            if not lasts(found, needed, now=self._client.server_now()):
                lent = await self._presigned(made.outputs[index], needed)
                found = lent or await self._fresh(made, index, needed)
            if found is not None:
                return HandedUrl(found.reveal(), is_repeatable=False)
        output = made.outputs[index]
        url = await self._assets.url_of(output.sha256, lambda: as_file(self._store, output.key, output.sha256))
        return HandedUrl(url, is_repeatable=True)

    async def text_of(self, made: StepResult, index: int) -> str:
        """Return a text output: as FLORA told it, as its manifest repeats it, or as it is kept.

        Raises:
            UnusableValueError: the output is no text, or is kept in bytes that are none.
        """
        told = made.run.outputs[index].text
        return told or await kept_text(self._store, made.outputs[index], step=made.step)

    async def _presigned(
        self, output: ArchivedOutput, needed: timedelta, *, signed_at: datetime | None = None
    ) -> SignedUrl | None:
        url = await self._store.presign(output.key, expires_in=PRESIGNED_FOR, signed_at=signed_at)
        # Signed by this machine's clock, not FLORA's; and perhaps for less time than was asked for.
        if url is None or not lasts(url, needed, now=self._now()):
            return None
        return url if is_taken(url, is_sandbox=self._client.is_sandbox) else None

    async def _fresh(self, made: StepResult, index: int, needed: timedelta) -> SignedUrl | None:
        try:
            run = await self._client.techniques.runs.retrieve(
                made.run.run_id, technique=made.manifest.technique_id
            )
        except NotFoundError:  # a run of long ago: the archive alone has to do
            return None
        url = run.outputs[index].url if index < len(run.outputs) else None
        return url if lasts(url, needed, now=self._client.server_now()) else None


async def kept_text(store: Store, output: KeptText, *, step: str) -> str:
    """Return a text output as its manifest repeats it, or as it is kept.

    Raises:
        UnusableValueError: the output is no text, or is kept in bytes that are none.
    """
    what = f"output {output.index} of step {step}"
    if output.text is not None:
        return output.text
    if output.type is not MediaKind.TEXT:
        raise UnusableValueError(f"{what} came as a file; it cannot be put into a text")
    content = await store.read(output.key)
    if content is None:
        raise ObjectMissingError(f"there is nothing under {output.key} any more", key=output.key)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnusableValueError(
            f"{what}, kept as {output.key}, is not text in UTF-8; take it out of the pipeline's texts, or have "
            "its step paid for anew (florist ledger restart)"
        ) from error


def is_taken(url: SignedUrl, *, is_sandbox: bool) -> bool:
    """Whether FLORA takes a URL as an input, by its host; a sandbox takes any."""
    parts = urlsplit(url.reveal())
    host = parts.hostname or ""
    on_its_list = any(host == taken or host.endswith(f".{taken}") for taken in _TAKEN_HOSTS)
    return is_sandbox or (parts.scheme == "https" and on_its_list)
