"""The three functions of a step, for one FLORA workspace and one archive, in one event loop.

`StudioSteps` hands them to `make_step` as they are: a pipeline then runs without Prefect.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from florist.api import FloraAPI
from florist.api.errors import (
    BadRequestError,
    RunFailedError,
    RunStillPending,
    RunTimeoutError,
    RunWithoutOutputsError,
)
from florist.api.models import Run, RunStatus
from florist.archive.archiver import Archiver
from florist.archive.download import Downloader
from florist.archive.kept_runs import run_of
from florist.archive.keys import index_key
from florist.archive.manifest import Manifest
from florist.ledger import GenerationRoute, How, Ledger, Spender, Started, TechniqueRoute, Work
from florist.ledger.bodies import Body
from florist.ledger.permits import Permit
from florist.pipelines.planning import PlannedStep, ResolvedInput, resolve_inputs
from florist.stores.store import Store
from florist.studio.campaigns import Campaigns
from florist.studio.generation_values import generation_values
from florist.studio.input_values import InputValues, takes_upstream_files
from florist.studio.missing_objects import bring_back_missing
from florist.studio.origins import origin_of
from florist.studio.single import planned_single
from florist.studio.steps import (
    STEP_TIMEOUT,
    UNREACHABLE,
    WINDOW,
    Allowance,
    CampaignRow,
    StartedStep,
    StepFunctions,
    StepResult,
    Upstream,
    make_step,
)
from florist.studio.waits import Say, Waits

logger = logging.getLogger(__name__)


class Studio:
    """Starts runs, waits for them, keeps their outputs. All of it may be repeated: nothing is paid twice.

    Example:
        ```python
        async with FloraClient() as flora, Studio(flora, store_at("outputs")) as studio:
            made = await studio.run("headline-writer", {"brief": "Spring flowers"}, campaign="spring")
        ```

    Args:
        client: stays the caller's to close.
        spender: starts technique runs; `generations` starts generations.
        callback_url: where FLORA tells that a run has ended; a token is added to its path, by which the request is
            told from others even if its answer was lost. Whoever receives it calls `Ledger.note_callback`.
        project_id: where FLORA files generations; None takes the workspace's oldest project.
    """

    def __init__(
        self,
        client: FloraAPI,
        store: Store,
        *,
        spender: Spender | None = None,
        generations: Spender | None = None,
        callback_url: str | None = None,
        project_id: str | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.client = client
        self.ledger = Ledger(store)
        self._callback_url = None if callback_url is None else partial(_with_token, callback_url)
        self.spender = spender or Spender(self.ledger, TechniqueRoute(client))
        self._generations = generations or Spender(self.ledger, GenerationRoute(client, project_id=project_id))
        # A sandbox serves its media from this machine, where nothing else may be fetched from.
        trusted = frozenset({urlsplit(client.base_url).netloc} if client.is_sandbox else ())
        self._downloader = Downloader(trusted_hosts=trusted)
        self.archiver = Archiver(store, fetch=self._downloader.fetch, now=client.server_now)
        self._input_values = InputValues(client, self.ledger, fetch=self._downloader.fetch)
        self._now = now
        self._begun: set[str] = set()

    async def __aenter__(self) -> Self:
        await self.check()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.aclose()

    async def run(
        self,
        technique: str,
        inputs: Mapping[str, str | Path],
        *,
        campaign: str,
        new_campaign: bool = False,
        row: str = "",
        step: str = "run",
        timeout: float = STEP_TIMEOUT,
    ) -> StepResult:
        """Run a technique once and keep its outputs. The same call again, by any process, pays for nothing.

        It is the same work as the flow `run-technique` in the same campaign.

        Args:
            inputs: a text, a path or an https URL for each input's id.
            campaign: what binds runs of several days and machines into one piece of work.
            new_campaign: it is another one than a campaign whose name differs by capital letters alone.
            row: which part of the campaign this is.
            step: what it is called within its row.
            timeout: seconds the run may take, FLORA's queue included.

        Raises:
            PlanError: the inputs do not fit the technique; nothing was spent.
            ConfigurationError: the campaign's name differs from another's by capital letters alone; likewise.
            RunFailedError: it failed for good, or once too often.
            RunTimeoutError: it goes on at FLORA; the same call again collects it.
            LedgerError: it is not certain that paying is safe; nothing was paid.
        """
        planned = await planned_single(self.client, technique, inputs, step=step, timeout=timeout)
        place = CampaignRow(campaign=campaign, key=row)
        if place.scope not in self._begun:
            await Campaigns(self.ledger.store).begin(place.scope, is_new=new_campaign)
            self._begun.add(place.scope)
        return await make_step(planned, {}, StudioSteps(self, place, now=self._now))

    async def aclose(self) -> None:
        """Wait for requests whose answers are to be recorded, and close the connections of fetched outputs."""
        await self.spender.aclose()
        await self._generations.aclose()
        await self._downloader.aclose()

    async def check(self) -> None:
        """Make sure, before anything is paid for, that outputs and ledger can be kept.

        Raises:
            StoreError: the message names the store and the mend.
        """
        await self.spender.check()

    async def start(
        self,
        step: PlannedStep,
        upstream: Upstream,
        row: CampaignRow,
        attempt: int = 0,
        *,
        allowance: Allowance | None = None,
        say: Say = logger.info,
    ) -> StartedStep:
        """Have the run of a step at FLORA: the one that is paid for or, where there is none, a new one.

        Args:
            allowance: of a campaign's budget, if it has one.
            say: told what is waited for, if anything is, and for how long at the most.

        Raises:
            BudgetRefusedError: the budget does not cover it; nothing was sent.
            LedgerError: it is not certain that paying is safe; nothing was paid.
            APIStatusError: FLORA refused it.
            AssetChangedError: an input file was written to meanwhile; nothing was started.
        """
        inputs = resolve_inputs(step, {name: result.outputs for name, result in upstream.items()})
        identities = await self._input_values.identities(inputs, upstream, scope=row.scope)
        work = row.work(step, identities, attempt=attempt)
        by_upload = await self._was_out_of_reach(work)
        on_wait = Waits(f"{row.label}{step.name}", say=say)
        permit = None if allowance is None else allowance.permit(row.key, step)
        start = partial(self._start, step, work, inputs, upstream, on_wait, permit)
        try:
            started = await start(by_upload=by_upload)
        except BadRequestError:
            if by_upload or not takes_upstream_files(inputs):
                raise
            # It may be our URLs that FLORA does not take. Refused costs nothing: once more, with assets.
            started = await start(by_upload=True)
        return StartedStep(step=step, row=row, **dict(started))

    async def wait(self, started: StartedStep, *, deadline_at: datetime, window: float = WINDOW) -> Run:
        """Watch a run for at most `window` seconds, and return it if it is completed by then.

        Raises:
            RunStillPending: unfinished, and the deadline is not reached: wait again.
            RunTimeoutError: unfinished at the deadline, looked at once more after it.
            RunFailedError: it failed; the ledger knows.
            RunWithoutOutputsError: it brought nothing, and was charged; the ledger knows.
        """
        kept = await self._kept(started)
        if kept is not None:
            return kept
        left = (deadline_at - self._now()).total_seconds()
        try:
            run = await self._watched(started, min(window, max(left, 0.0)))
        except RunStillPending:
            if self._now() < deadline_at:
                raise
            run = await self._last_look(started)
        except RunWithoutOutputsError as error:
            run = error.run
        if run.status is RunStatus.FAILED or not run.outputs:
            await self._spender_of(started.entry.work).finished(started.entry, run)
            raise _shortfall(run)
        return run

    async def keep(self, started: StartedStep, run: Run, upstream: Upstream) -> Manifest:
        """Keep every output of a completed run, then its manifest, then say so in the ledger.

        Of a run that was kept before, objects that are missing are fetched again.

        Raises:
            ArchiveError: what could not be kept, and why; what could is kept.
            KeptOutputMissingError: an object is missing, and FLORA does not bring it back.
        """
        manifest = await self.archiver.keep(
            run, origin_of(started, upstream), refresh=lambda: self._read(started), is_new=started.how is How.NEW
        )
        if started.how is not How.NEW:
            await bring_back_missing(
                manifest,
                started,
                archiver=self.archiver,
                store=self.ledger.store,
                refresh=lambda: self._read(started),
            )
        await self._spender_of(started.entry.work).archived(started.entry, run, index_key(run.run_id))
        return manifest

    async def _start(
        self,
        step: PlannedStep,
        work: Work,
        inputs: Sequence[ResolvedInput],
        upstream: Upstream,
        on_wait: Waits,
        permit: Permit | None,
        *,
        by_upload: bool,
    ) -> Started:
        async def sent(signed_at: datetime | None) -> Body:
            body = await self._input_values.values(
                inputs, work.inputs, upstream, timeout=step.timeout, by_upload=by_upload, signed_at=signed_at
            )
            if step.generation is None:
                return body
            return replace(body, inputs=generation_values(step.generation, body.inputs))

        return await self._spender_of(work).start(
            work,
            sent,
            callback_url=self._callback_url,
            price_usd=step.price_usd,
            permit=permit,
            on_wait=on_wait,
        )

    def _spender_of(self, work: Work) -> Spender:
        return self._generations if work.route == "generation" else self.spender

    async def _was_out_of_reach(self, work: Work) -> bool:
        """Whether the attempt before this one failed because FLORA could not open an input."""
        if work.attempt == 0:
            return False
        before = await self.ledger.entry(work.at_attempt(work.attempt - 1).key, work.technique_id)
        return before is not None and before.ended is not None and before.ended.error_code == UNREACHABLE

    async def _kept(self, started: StartedStep) -> Run | None:
        """Return a run that was archived before as its manifest tells it: FLORA need not know it any more."""
        if started.how is How.NEW:
            return None
        manifest = await self.archiver.manifest_of(started.run_id)
        return None if manifest is None else run_of(manifest)

    async def _watched(self, started: StartedStep, window: float) -> Run:
        return await self.client.watcher.wait(
            started.run_id,
            technique=started.entry.work.technique_id,
            route=started.entry.work.route,
            window=window,
            # A run that was started before may have ended long ago: look at once.
            expected_seconds=None if started.how is How.NEW else 0,
            # Another process may have started it a moment ago, too.
            just_started=True,
        )

    async def _last_look(self, started: StartedStep) -> Run:
        run = await self._read(started)
        if not run.is_finished:
            raise RunTimeoutError(
                f"run {run.run_id} of step {started.step.name} is {run.status} at its deadline; it goes on at "
                "FLORA, and the same campaign again collects it",
                run=run,
            )
        return run

    async def _read(self, started: StartedStep) -> Run:
        work = started.entry.work
        if work.route == "technique":
            return await self.client.techniques.runs.retrieve(started.run_id, technique=work.technique_id)
        return await self.client.runs.retrieve(started.run_id)


class StudioSteps(StepFunctions):
    """The three functions of a step for one piece of work, without Prefect."""

    def __init__(
        self,
        studio: Studio,
        row: CampaignRow,
        *,
        allowance: Allowance | None = None,
        window: float = WINDOW,
        say: Say = logger.info,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._studio = studio
        self._row = row
        self._allowance = allowance
        self._window = window
        self._say = say
        self._now = now

    async def start(self, step: PlannedStep, upstream: Upstream, attempt: int) -> StartedStep:
        """Have the step's run at FLORA; see `Studio.start`."""
        return await self._studio.start(
            step, upstream, self._row, attempt, allowance=self._allowance, say=self._say
        )

    async def wait(self, started: StartedStep) -> Run:
        """Wait until the step's deadline, which counts from the run's recorded start; see `Studio.wait`."""
        spent = max(self._studio.client.server_now() - started.started_at, timedelta())
        deadline_at = self._now() - spent + timedelta(seconds=started.step.timeout or STEP_TIMEOUT)
        while True:
            with suppress(RunStillPending):
                return await self._studio.wait(started, deadline_at=deadline_at, window=self._window)

    async def keep(self, started: StartedStep, run: Run, upstream: Upstream) -> Manifest:
        """Keep every output; see `Studio.keep`."""
        return await self._studio.keep(started, run, upstream)


def _with_token(callback_url: str, token: str) -> str:
    return f"{callback_url.rstrip('/')}/{token}"


def _shortfall(run: Run) -> RunFailedError | RunWithoutOutputsError:
    if run.status is not RunStatus.FAILED:
        return RunWithoutOutputsError(
            f"run {run.run_id} is completed and charged, but has no outputs; ask FLORA's support", run=run
        )
    code, message = run.error_code or "no code", run.error_message or "no reason given"
    return RunFailedError(f"run {run.run_id} failed at FLORA: {message} ({code})", run=run)
