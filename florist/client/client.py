"""The client for a person's own program: FLORA's whole API, and `run`, which makes one call of all it takes."""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TypedDict, Unpack
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from florist.api import FloraAPI
from florist.api.errors import AmbiguousRequestError
from florist.api.models import InputValue, Run
from florist.api.rate import Sleep
from florist.api.transport import Slot
from florist.archive.download import Downloader
from florist.archive.fresh_urls import FreshUrls
from florist.client.completed import CompletedRun, completed_run
from florist.client.inputs import FittingInput, Inputs, fitting_inputs
from florist.client.saving import SavedOutput, save_output
from florist.client.waiting import OnProgress, RunWait
from florist.errors import FloristError
from florist.secrets import SignedUrl, hidden
from florist.settings import FloraSettings

RUN_TIMEOUT = 1800.0
"""Seconds a run may take, FLORA's queue included, unless the caller says otherwise."""

logger = logging.getLogger("florist.client")


class ClientOptions(TypedDict, total=False):
    """What `FloraAPI` takes beside key, address and workspace; see there."""

    timeout: float
    total_timeout: float
    max_connections: int
    slot: Slot | None
    transport: httpx.AsyncBaseTransport | None
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Sleep
    rng: random.Random | None


class FloraClient(FloraAPI):
    """FLORA for a program of one's own: every call of `FloraAPI`, and `run`.

    What is not given is read from the environment, as FLORA's own SDK does: FLORA_API_KEY, FLORA_BASE_URL,
    FLORA_WORKSPACE_ID.

    Example:
        ```python
        async with FloraClient() as flora:
            run = await flora.run("styled-product-still", {"product_image": Path("packshot.png")})
            await run.outputs[0].save("out/")
        ```

    Raises:
        ConfigurationError: no API key, or an unusable key or base URL.
    """

    def __init__(
        self,
        *,
        api_key: str | SecretStr | None = None,
        base_url: str | None = None,
        workspace_id: str | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        # At once and under the same name: the locals of a frame may be printed with its traceback.
        api_key = None if api_key is None else hidden(api_key)
        settings = FloraSettings()
        super().__init__(
            api_key=api_key or settings.required_api_key(),
            base_url=base_url or settings.base_url,
            workspace_id=workspace_id or settings.workspace_id,
            **options,
        )
        self._monotonic = options.get("monotonic", time.monotonic)
        self._sleep = options.get("sleep", asyncio.sleep)
        self._techniques_of_runs: dict[str, str] = {}
        self._is_closed = False

    async def run(
        self,
        technique: str,
        inputs: Inputs,
        *,
        timeout: float | None = RUN_TIMEOUT,
        on_progress: OnProgress | None = None,
    ) -> CompletedRun:
        """Upload what has to be, start a run, which costs, and return it once it is completed.

        The ledger does not cover it: a program that dies between the request and its answer does not know whether
        it has paid, and starting it again may pay twice. `florist.Studio` pays once; see docs/client.md.

        Args:
            technique: id or slug.
            inputs: values by the inputs' ids, or `InputValue`s. For a text a str or a text output; for media a
                path, bytes, an https URL, an asset, or an output of an earlier run. None leaves one out.
            timeout: seconds from the start; None waits for as long as it takes.
            on_progress: called with what FLORA says of the run, whenever that changes.

        Raises:
            InvalidInputsError: they do not fit the technique. Nothing was spent.
            RunFailedError: it ended as `failed`; `error.run` says why.
            RunTimeoutError: it goes on at FLORA; `flora.wait(error.run.run_id)` collects it.
            AmbiguousRequestError: it may have begun and been paid for. Never just repeat it.
        """
        begun = await self.start(technique, inputs)
        return await self.wait(begun.run_id, timeout=timeout, on_progress=on_progress)

    async def start(self, technique: str, inputs: Inputs) -> Run:
        """Upload what has to be and start a run, which costs; `wait` collects it. Not covered by the ledger.

        Raises:
            InvalidInputsError: the inputs do not fit the technique. Nothing was spent.
            AmbiguousRequestError: it may have begun and been paid for. Never just repeat it.
        """
        definition = await self.techniques.retrieve(technique)
        fitting = await fitting_inputs(
            definition, inputs, called=technique, now=self.server_now, is_sandbox=self.is_sandbox
        )
        values = await asyncio.gather(*map(self._sendable, fitting))
        try:
            begun = await self.techniques.runs.create(technique, inputs=values)
        except AmbiguousRequestError as error:
            error.add_note(
                "FloraClient keeps no ledger: look for a run begun just now in flora.techniques.runs.list(); "
                "florist.Studio clears this up by itself"
            )
            raise
        logger.info("run %s of %s begun", begun.run_id, technique)
        self._techniques_of_runs[begun.run_id] = definition.technique_id
        return begun

    async def wait(
        self, run_id: str, *, timeout: float | None = RUN_TIMEOUT, on_progress: OnProgress | None = None
    ) -> CompletedRun:
        """Return a run once it is completed, whoever started it; may be cancelled and repeated at will.

        Args:
            timeout: seconds from now; None waits for as long as it takes.
            on_progress: called with what FLORA says of the run, whenever that changes.

        Raises:
            NotFoundError: FLORA does not know it. Told at once, save of a run that this client has just started.
            RunFailedError: it ended as `failed`; `error.run` says why.
            RunTimeoutError: unfinished. It goes on at FLORA and may be waited for again.
            RunWithoutOutputsError: it was completed, and charged, without a single output.
        """
        technique = self._techniques_of_runs.get(run_id)
        waiting = RunWait(self, run_id, technique=technique, on_progress=on_progress, monotonic=self._monotonic)
        run = await waiting.until_completed(timeout)
        self._techniques_of_runs.pop(run_id, None)
        return self._completed(run)

    async def aclose(self) -> None:
        """Close all connections. Runs in flight go on at FLORA."""
        self._is_closed = True
        if "_downloader" in vars(self):
            await self._downloader.aclose()
        await super().aclose()

    async def _sendable(self, fitting: FittingInput) -> InputValue:
        value = fitting.value
        if isinstance(value, Path | bytes):
            asset = await self.assets.upload(value)
            if asset.url is None:
                raise FloristError(f"FLORA tells no URL for asset {asset.asset_id}, made for input {fitting.id}")
            value = asset.url
        sent = value.reveal() if isinstance(value, SignedUrl) else value
        return InputValue.model_validate({"id": fitting.id, "type": fitting.type, "value": sent})

    def _completed(self, run: Run) -> CompletedRun:
        urls = FreshUrls(run, lambda: self.runs.retrieve(run.run_id), now=self.server_now)

        async def save(index: int, to: str | Path) -> SavedOutput:
            if self._is_closed:
                raise FloristError(
                    f"the client of run {run.run_id} is closed: save outputs inside its `async with`, or have the "
                    f'run again by flora.wait("{run.run_id}") of a new one'
                )
            return await save_output(urls, index, to, fetch=self._downloader.fetch)

        return completed_run(run, save)

    @cached_property
    def _downloader(self) -> Downloader:
        # A sandbox serves its media from this machine, where nothing else may be fetched from.
        trusted = frozenset({urlsplit(self.base_url).netloc} if self.is_sandbox else ())
        return Downloader(trusted_hosts=trusted, monotonic=self._monotonic, sleep=self._sleep)
