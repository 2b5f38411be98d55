"""The inputs of a step in both forms: the identity that the ledger knows, and the value that FLORA is sent.

The two differ on purpose: a picture is the same picture whichever URL it is sent by.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from florist.api import FloraAPI
from florist.api.models import InputValue, MediaKind
from florist.archive.download import Fetch
from florist.ledger import Body, InputIdentity, Ledger, content_of_file
from florist.pipelines.errors import UnusableValueError
from florist.pipelines.planning import ResolvedInput
from florist.pipelines.sources import (
    FileSource,
    JoinedSource,
    OutputSource,
    TextSource,
    UploadSource,
    UrlSource,
)
from florist.secrets import SignedUrl
from florist.studio.asset_cache import AssetCache
from florist.studio.output_urls import OutputUrls
from florist.studio.steps import Upstream
from florist.studio.uploads import opened_upload

TextOf = Callable[[OutputSource], Awaitable[str]]
"""Reads a text output of an earlier step."""


class InputValues:
    """Makes the input values of one FLORA workspace; a content is uploaded once for all steps that take it."""

    def __init__(self, client: FloraAPI, ledger: Ledger, *, fetch: Fetch) -> None:
        self._ledger = ledger
        self._fetch = fetch
        self._assets = AssetCache(client, ledger.store)
        self._output_urls = OutputUrls(client, ledger.store, self._assets)

    async def identities(
        self, inputs: Sequence[ResolvedInput], upstream: Upstream, *, scope: str
    ) -> tuple[InputIdentity, ...]:
        """Return what each input is to the ledger, whichever way it reaches FLORA.

        Args:
            scope: what a URL leads to is asked once in it, and remembered: a campaign, or a flow run.
        """
        return tuple(await asyncio.gather(*(self._identity(item, upstream, scope) for item in inputs)))

    async def values(
        self,
        inputs: Sequence[ResolvedInput],
        identities: Sequence[InputIdentity],
        upstream: Upstream,
        *,
        timeout: float | None = None,
        by_upload: bool = False,
        signed_at: datetime | None = None,
    ) -> Body:
        """Return the inputs as FLORA takes them, files uploaded.

        Args:
            identities: of the same inputs, in their order: only a file that is still the same is sent.
            timeout: seconds the run that takes them may last.
            by_upload: FLORA could not open the URLs of upstream outputs.
            signed_at: URLs are to be the same whenever they are made, as if signed then.

        Raises:
            AssetError: FLORA does not take a file.
            AssetChangedError: a file is another one than it was when its identity was taken.
        """

        async def value(item: ResolvedInput, identity: InputIdentity) -> tuple[InputValue, bool]:
            if isinstance(item.source, OutputSource) and item.type is not MediaKind.TEXT:
                made, index = upstream[item.source.step], item.source.index
                found, is_repeatable = await self._output_urls.url_of(
                    made, index, timeout=timeout, by_upload=by_upload, signed_at=signed_at
                )
            else:
                found, is_repeatable = await self._value(item, identity, upstream), True
            return InputValue.model_validate({"id": item.id, "type": item.type, "value": found}), is_repeatable

        made = await asyncio.gather(*map(value, inputs, identities))
        return Body(tuple(value for value, _ in made), is_repeatable=all(repeats for _, repeats in made))

    async def _identity(self, item: ResolvedInput, upstream: Upstream, scope: str) -> InputIdentity:
        return await identity_of(
            item,
            run_ids={step: result.run.run_id for step, result in upstream.items()},
            content_of_file=content_of_readable,
            content_of_url=lambda url: self._ledger.content_of_url(
                url, campaign=scope, digest=lambda url: content_behind(url, self._fetch)
            ),
            text_of=lambda output: self._output_urls.text_of(upstream[output.step], output.index),
        )

    async def _value(self, item: ResolvedInput, identity: InputIdentity, upstream: Upstream) -> str:
        match item.source:
            case FileSource(path=path):
                return await self._assets.url_of(identity.sha256 or "", lambda: _as_it_is(path))
            case UrlSource(url=url):
                return url
            case UploadSource(address=address):
                return await self._assets.url_of(
                    address.sha256, lambda: opened_upload(self._ledger.store, address)
                )
            case OutputSource(step=step, index=index):
                return await self._output_urls.text_of(upstream[step], index)
            case TextSource(text=text):
                return text
            case JoinedSource():
                return await self._joined(item.source, upstream)

    async def _joined(self, source: JoinedSource, upstream: Upstream) -> str:
        return await joined_text(
            source, lambda output: self._output_urls.text_of(upstream[output.step], output.index)
        )


async def identity_of(
    item: ResolvedInput,
    *,
    run_ids: Mapping[str, str],
    content_of_file: Callable[[Path], Awaitable[str]],
    content_of_url: Callable[[str], Awaitable[str]],
    text_of: TextOf,
) -> InputIdentity:
    """Return what an input is to the ledger: for whoever starts a run, and for whoever plans one.

    Args:
        run_ids: of the steps whose outputs it may take.
        content_of_file, content_of_url: return the hex SHA-256 of what is there.
        text_of: reads a text output.
    """
    match item.source:
        case FileSource(path=path):
            return InputIdentity.of_content(item.id, await content_of_file(path), source=path.name)
        case UrlSource(url=url):
            return InputIdentity.of_content(item.id, await content_of_url(url), source=str(item.source))
        case UploadSource(address=address):
            # Its bytes, as of a file: the same picture by path and by upload is the same piece of work.
            return InputIdentity.of_content(item.id, address.sha256, source=str(address))
        case OutputSource(step=step, index=index):
            return InputIdentity.of_output(item.id, run_ids[step], index)
        case TextSource(text=text):
            return InputIdentity.of_text(item.id, text)
        case JoinedSource():
            return InputIdentity.of_text(item.id, await joined_text(item.source, text_of))


async def joined_text(source: JoinedSource, text_of: TextOf) -> str:
    """Return the whole text, its outputs read."""
    outputs = [part for part in source.parts if isinstance(part, OutputSource)]
    texts = {output: await text_of(output) for output in outputs}
    return source.joined(texts.__getitem__)


async def content_behind(url: str, fetch: Fetch) -> str:
    """Return the hex SHA-256 of what a URL leads to."""
    digest = hashlib.sha256()
    async for chunk in fetch(SignedUrl(url)):
        digest.update(chunk)
    return digest.hexdigest()


def takes_upstream_files(inputs: Sequence[ResolvedInput]) -> bool:
    """Whether any of the inputs is a file that an earlier step made."""
    return any(isinstance(item.source, OutputSource) and item.type is not MediaKind.TEXT for item in inputs)


@asynccontextmanager
async def _as_it_is(path: Path) -> AsyncIterator[Path]:
    yield path


async def content_of_readable(path: Path) -> str:
    """Return the hex SHA-256 of a file.

    Raises:
        UnusableValueError: it cannot be read.
    """
    try:
        return await content_of_file(path)
    except OSError as error:
        raise UnusableValueError(f"the file {path} cannot be read: {error.strerror}") from error
