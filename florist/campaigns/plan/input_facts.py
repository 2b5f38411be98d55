"""Finds out what the inputs of cells mean: hashes files, looks outputs up; starts and writes nothing."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from florist.api.assets import asset_file
from florist.archive.archiver import Archiver
from florist.archive.download import Fetch
from florist.campaigns.plan.paid_work import CampaignWork, KeptOutput, digest_of
from florist.ledger import InputIdentity, Ledger
from florist.pipelines.fitting import PlannedInput
from florist.pipelines.planning import PlannedStep, ResolvedInput
from florist.pipelines.references import Template
from florist.pipelines.sources import FileSource, OutputSource, TextSource, UploadSource, UrlSource
from florist.studio.input_values import content_behind, content_of_readable, identity_of
from florist.studio.output_urls import kept_text
from florist.studio.uploads import missing_upload
from florist.upload_address import UploadAddress


class InputFacts:
    """What the inputs of one campaign mean; each file is hashed once, each manifest read once.

    Attributes:
        files: the SHA-256 of each file that was hashed.
        missing: what is wrong with uploads that would be sent and are not there, by row, step and input.
    """

    def __init__(self, ledger: Ledger, campaign: str, known: CampaignWork, *, fetch: Fetch) -> None:
        self._ledger = ledger
        self._campaign = campaign
        self._known = known
        self._fetch = fetch
        self._archiver = Archiver(ledger.store, fetch=fetch)
        self._hashing: dict[Path, asyncio.Task[str]] = {}
        self._takeable: set[Path] = set()
        self.missing: dict[tuple[str, str, str], str] = {}
        self._uploads: dict[UploadAddress, bool] = {}
        self._urls: dict[str, str | None] = {}

    @property
    def files(self) -> dict[str, str]:
        """The SHA-256 of each file that could be read, by its path."""
        read = {path: task for path, task in self._hashing.items() if task.done() and not task.exception()}
        return {str(path): task.result() for path, task in sorted(read.items())}

    async def outputs_of(self, run_id: str) -> tuple[KeptOutput, ...] | None:
        """Return what a kept run made; None if its manifest is not there."""
        if run_id not in self._known.outputs:
            manifest = await self._archiver.manifest_of(run_id)
            if manifest is None:
                return None
            self._known.outputs[run_id] = tuple(
                KeptOutput(output.index, output.output_id, output.type, output.key, output.text)
                for output in manifest.outputs
            )
        return self._known.outputs[run_id]

    async def identities(
        self,
        inputs: Sequence[ResolvedInput],
        run_ids: Mapping[str, str],
        outputs: Mapping[str, tuple[KeptOutput, ...]],
    ) -> tuple[InputIdentity, ...]:
        """Return what each input is to the ledger; a URL that is not remembered is fetched for it.

        Args:
            run_ids, outputs: of the steps that are needed.
        """

        async def text_of(output: OutputSource) -> str:
            return await kept_text(self._ledger.store, outputs[output.step][output.index], step=output.step)

        async def identity(item: ResolvedInput) -> InputIdentity:
            return await identity_of(
                item,
                run_ids=run_ids,
                content_of_file=self._content_of_file,
                content_of_url=self._content_of_url,
                text_of=text_of,
            )

        return tuple([await identity(item) for item in inputs])

    async def knows_all(self, inputs: Sequence[ResolvedInput]) -> bool:
        """Whether nothing need be fetched to tell what the inputs are."""
        urls = [item.source.url for item in inputs if isinstance(item.source, UrlSource)]
        return None not in [await self._remembered(url) for url in urls]

    async def digests(self, step: PlannedStep) -> dict[str, str]:
        """Return what tells the step's inputs from those in another plan, whatever is made of it meanwhile."""
        found: dict[str, list[object]] = {}
        for planned in step.inputs:
            found.setdefault(planned.id, []).append(await self._meaning(planned))
        return {name: digest_of(meanings) for name, meanings in sorted(found.items())}

    async def check_files(self, row: str, step: PlannedStep) -> None:
        """Do nothing if every file that the step would send is there, and FLORA takes it.

        Raises:
            AssetError: one of them is empty, or of a type that FLORA does not take.
            UploadMissingError: nothing is kept under the address of an upload.
        """
        for planned in step.inputs:
            if isinstance(planned.value, UploadSource):
                await self._check_upload(planned.value.address, (row, step.step, planned.id))
            if isinstance(planned.value, FileSource) and planned.value.path not in self._takeable:
                await asset_file(planned.value.path, content_type=None, file_name=None)
                self._takeable.add(planned.value.path)

    async def _meaning(self, planned: PlannedInput) -> object:
        match planned.value:
            case TextSource(text=text):
                return ["text", text]
            case FileSource(path=path):
                return ["content", await self._content_of_file(path)]
            case UploadSource(address=address):
                return ["content", address.sha256]
            case UrlSource(url=url):
                # Without its signature, which may be another one each day.
                return ["url", url.partition("?")[0]]
            case Template() as template:
                return ["template", str(template)]

    async def _check_upload(self, address: UploadAddress, place: tuple[str, str, str]) -> None:
        store = self._ledger.store
        if address not in self._uploads:
            self._uploads[address] = bool(await store.present([address.key]))
        if not self._uploads[address]:
            error = missing_upload(address, store.location)
            self.missing[place] = str(error)
            raise error

    async def _content_of_file(self, path: Path) -> str:
        if path not in self._hashing:
            self._hashing[path] = asyncio.create_task(content_of_readable(path))
        return await asyncio.shield(self._hashing[path])

    async def _content_of_url(self, url: str) -> str:
        return await self._remembered(url) or await self._fetched(url)

    async def _remembered(self, url: str) -> str | None:
        if url not in self._urls:
            self._urls[url] = await self._ledger.known_content_of_url(url, campaign=self._campaign)
        return self._urls[url]

    async def _fetched(self, url: str) -> str:
        self._urls[url] = found = await content_behind(url, self._fetch)
        return found
