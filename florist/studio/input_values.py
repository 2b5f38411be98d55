"""Gets the inputs of a step to FLORA: what the ledger knows each by, and the value that is sent.

An input is identified by where it comes from, and sent as whatever is at hand: the two are different things.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from florist.api import FloraAPI
from florist.api.models import InputValue, MediaKind
from florist.archive.download import Fetch
from florist.ledger import InputIdentity, Ledger, content_of_file
from florist.pipelines.errors import UnusableValueError
from florist.pipelines.planning import ResolvedInput
from florist.pipelines.sources import FileSource, JoinedSource, OutputSource, TextSource, UrlSource
from florist.secrets import SignedUrl
from florist.studio.asset_cache import AssetCache
from florist.studio.output_urls import OutputUrls
from florist.studio.steps import Upstream


class InputValues:
    """Delivers inputs to one FLORA workspace; a content is uploaded once for all steps that take it."""

    def __init__(self, client: FloraAPI, ledger: Ledger, *, fetch: Fetch) -> None:
        self._ledger = ledger
        self._fetch = fetch
        self._uploads = AssetCache(client, ledger.store)
        self._feeding = OutputUrls(client, ledger.store, self._uploads)

    async def identities(
        self, inputs: Sequence[ResolvedInput], upstream: Upstream, *, campaign: str
    ) -> tuple[InputIdentity, ...]:
        """Return what each input is to the ledger, whichever way it reaches FLORA.

        Args:
            campaign: what a URL led to is asked once in it, and remembered.
        """
        return tuple(await asyncio.gather(*(self._identity(item, upstream, campaign) for item in inputs)))

    async def values(
        self,
        inputs: Sequence[ResolvedInput],
        upstream: Upstream,
        *,
        timeout: float | None = None,
        by_upload: bool = False,
    ) -> tuple[InputValue, ...]:
        """Return the inputs as FLORA takes them, files uploaded.

        Args:
            timeout: seconds the run that takes them may last.
            by_upload: FLORA could not open the URLs of upstream outputs.

        Raises:
            AssetError: FLORA does not take a file.
        """

        async def value(item: ResolvedInput) -> InputValue:
            found = await self._value(item, upstream, timeout=timeout, by_upload=by_upload)
            return InputValue.model_validate({"id": item.id, "type": item.type, "value": found})

        return tuple(await asyncio.gather(*(value(item) for item in inputs)))

    async def _identity(self, item: ResolvedInput, upstream: Upstream, campaign: str) -> InputIdentity:
        match item.source:
            case FileSource(path=path):
                return InputIdentity.of_content(item.id, await _content_of_file(path), source=path.name)
            case UrlSource(url=url):
                sha256 = await self._ledger.content_of_url(url, campaign=campaign, digest=self._digest)
                return InputIdentity.of_content(item.id, sha256, source=str(item.source))
            case OutputSource(step=step, index=index):
                return InputIdentity.of_output(item.id, upstream[step].run.run_id, index)
            case TextSource(text=text):
                return InputIdentity.of_text(item.id, text)
            case JoinedSource():
                return InputIdentity.of_text(item.id, await self._joined(item.source, upstream))

    async def _digest(self, url: str) -> str:
        digest = hashlib.sha256()
        async for chunk in self._fetch(SignedUrl(url)):
            digest.update(chunk)
        return digest.hexdigest()

    async def _value(
        self, item: ResolvedInput, upstream: Upstream, *, timeout: float | None, by_upload: bool
    ) -> str:
        match item.source:
            case FileSource(path=path):
                return await self._uploads.url_of(await _content_of_file(path), lambda: _as_it_is(path))
            case UrlSource(url=url):
                return url
            case OutputSource(step=step, index=index) if item.type is MediaKind.TEXT:
                return await self._feeding.text_of(upstream[step], index)
            case OutputSource(step=step, index=index):
                return await self._feeding.url_of(upstream[step], index, timeout=timeout, by_upload=by_upload)
            case TextSource(text=text):
                return text
            case JoinedSource():
                return await self._joined(item.source, upstream)

    async def _joined(self, source: JoinedSource, upstream: Upstream) -> str:
        outputs = [part for part in source.parts if isinstance(part, OutputSource)]
        texts = {part: await self._feeding.text_of(upstream[part.step], part.index) for part in outputs}
        return source.joined(texts.__getitem__)


def feeds_media(inputs: Sequence[ResolvedInput]) -> bool:
    """Whether any of the inputs is a file that an earlier step made."""
    return any(isinstance(item.source, OutputSource) and item.type is not MediaKind.TEXT for item in inputs)


@asynccontextmanager
async def _as_it_is(path: Path) -> AsyncIterator[Path]:
    yield path


async def _content_of_file(path: Path) -> str:
    try:
        return await content_of_file(path)
    except OSError as error:
        raise UnusableValueError(f"the file {path} cannot be read: {error.strerror}") from error
