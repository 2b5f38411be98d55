"""Gets the inputs of a step to FLORA: what the ledger knows each by, and the value that is sent.

An input is identified by where it comes from, and sent as whatever is at hand: the two are different things.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path

from florist.api import FloraClient
from florist.api.errors import APIResponseValidationError
from florist.api.models import InputValue
from florist.api.secrets import SignedUrl
from florist.errors import ConfigurationError
from florist.ledger import InputIdentity, Ledger, content_of_file
from florist.pipelines.errors import UnusableValueError
from florist.pipelines.making import StepResult, Upstream
from florist.pipelines.planning import ResolvedInput
from florist.pipelines.sources import FileSource, JoinedSource, OutputSource, TextSource, UrlSource

Fetch = Callable[[SignedUrl], AsyncGenerator[bytes, None]]
"""Yields the bytes behind a URL."""


class Delivery:
    """Delivers inputs to one FLORA workspace; a file is uploaded once for all steps that take it."""

    def __init__(self, client: FloraClient, ledger: Ledger, *, fetch: Fetch) -> None:
        self._client = client
        self._ledger = ledger
        self._fetch = fetch
        self._uploads: dict[str, asyncio.Task[str]] = {}
        self._workspace_id: str | None = client.workspace_id

    async def identities(
        self, inputs: Sequence[ResolvedInput], upstream: Upstream, *, campaign: str
    ) -> tuple[InputIdentity, ...]:
        """Return what each input is to the ledger, whichever way it reaches FLORA.

        Args:
            campaign: what a URL led to is asked once in it, and remembered.
        """
        return tuple(await asyncio.gather(*(self._identity(item, upstream, campaign) for item in inputs)))

    async def values(self, inputs: Sequence[ResolvedInput], upstream: Upstream) -> tuple[InputValue, ...]:
        """Return the inputs as FLORA takes them, files uploaded.

        Raises:
            AssetError: FLORA does not take a file.
            NotFoundError: FLORA does not know the run of an upstream output any more.
        """
        return tuple(await asyncio.gather(*(self._value(item, upstream) for item in inputs)))

    async def _identity(self, item: ResolvedInput, upstream: Upstream, campaign: str) -> InputIdentity:
        match item.source:
            case FileSource(path=path):
                return InputIdentity.of_content(item.id, await _content_of_file(path), source=path.name)
            case UrlSource(url=url):
                sha256 = await self._ledger.content_of_url(url, campaign=campaign, digest=self._digest)
                return InputIdentity.of_content(item.id, sha256, source=str(item.source))
            case OutputSource(step=step, index=index):
                return InputIdentity.of_output(item.id, upstream[step].run.run_id, index)
            case TextSource() | JoinedSource():
                return InputIdentity.of_text(item.id, _text(item.source, upstream))

    async def _digest(self, url: str) -> str:
        digest = hashlib.sha256()
        async for chunk in self._fetch(SignedUrl(url)):
            digest.update(chunk)
        return digest.hexdigest()

    async def _value(self, item: ResolvedInput, upstream: Upstream) -> InputValue:
        match item.source:
            case FileSource(path=path):
                value = await self._uploaded(path)
            case UrlSource(url=url):
                value = url
            case OutputSource(step=step, index=index):
                value = await self._output(upstream[step], index)
            case TextSource() | JoinedSource():
                value = _text(item.source, upstream)
        return InputValue.model_validate({"id": item.id, "type": item.type, "value": value})

    async def _output(self, made: StepResult, index: int) -> str:
        output = made.run.outputs[index]
        if output.text is not None:
            return output.text
        if output.url is None or output.url.is_dropped:
            run = await self._client.techniques.runs.retrieve(
                made.run.run_id, technique=made.manifest.technique_id
            )
            output = run.outputs[index]
        if output.url is None:
            raise APIResponseValidationError(f"FLORA tells no URL for output {index} of run {made.run.run_id}")
        return output.url.reveal()

    async def _uploaded(self, path: Path) -> str:
        sha256 = await _content_of_file(path)
        if sha256 not in self._uploads:
            self._uploads[sha256] = asyncio.create_task(self._upload(path), name=f"upload {path.name}")
        try:
            # Shielded: a step that is cancelled must not take the file from the others.
            return await asyncio.shield(self._uploads[sha256])
        except Exception:
            self._uploads.pop(sha256, None)
            raise

    async def _upload(self, path: Path) -> str:
        asset = await self._client.assets.upload(path, workspace_id=await self._workspace())
        if asset.url is None:
            raise APIResponseValidationError(f"FLORA tells no URL for asset {asset.asset_id}, made of {path.name}")
        return asset.url.reveal()

    async def _workspace(self) -> str:
        """Return the workspace that assets go to: the configured one, else the key's first."""
        if self._workspace_id is None:
            workspaces = await self._client.workspaces.list()
            if not workspaces:
                raise ConfigurationError(
                    "this API key sees no workspace that a file could be uploaded to; "
                    "name one in FLORA_WORKSPACE_ID or in the FLORA Workspace block"
                )
            self._workspace_id = workspaces[0].workspace_id
        return self._workspace_id


def _text(source: TextSource | JoinedSource, upstream: Upstream) -> str:
    if isinstance(source, TextSource):
        return source.text
    return source.joined(lambda output: _text_of(upstream[output.step], output.index))


def _text_of(made: StepResult, index: int) -> str:
    text = made.run.outputs[index].text or made.outputs[index].text
    if text is None:
        raise UnusableValueError(
            f"output {index} of step {made.step} came as a file; it cannot be put into a text"
        )
    return text


async def _content_of_file(path: Path) -> str:
    try:
        return await content_of_file(path)
    except OSError as error:
        raise UnusableValueError(f"the file {path} cannot be read: {error.strerror}") from error
