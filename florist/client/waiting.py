"""Waits for one run, and says of everything that ends the waiting how the run is collected."""

from collections.abc import Callable

from florist.api import FloraAPI
from florist.api.errors import (
    TRANSIENT_RUN_CODES,
    NotFoundError,
    RunError,
    RunFailedError,
    RunStillPending,
    RunTimeoutError,
    RunWithoutOutputsError,
)
from florist.api.models import Run, RunStatus

PROGRESS_SECONDS = 2.0
"""Between two looks at a run whose progress is wanted. Source: the contract, "A run"."""

OnProgress = Callable[[Run], object]
"""Is told what FLORA says of a run: once it has begun, at every change, and when it has ended."""


class RunWait:
    """One wait for one run.

    Args:
        technique: of a run that was started just now; None for one of which FLORA must know at once.
    """

    def __init__(
        self,
        client: FloraAPI,
        run_id: str,
        *,
        technique: str | None,
        on_progress: OnProgress | None,
        monotonic: Callable[[], float],
    ) -> None:
        self._client = client
        self._run = Run(run_id=run_id, status=RunStatus.PENDING)
        self._technique = technique
        self._on_progress = on_progress
        self._monotonic = monotonic

    async def until_completed(self, timeout: float | None) -> Run:
        """Return the run with its outputs; see `FloraClient.wait`."""
        run_id = self._run.run_id
        try:
            await self._until_ended(timeout)
        except (RunError, NotFoundError):
            raise
        except BaseException as error:  # a cancellation too: the run was paid for, and its id must not be lost
            error.add_note(f'run {run_id} goes on at FLORA: flora.wait("{run_id}") collects it')
            raise
        _raise_for_shortfall(self._run)
        return self._run

    async def _until_ended(self, timeout: float | None) -> None:
        deadline = None if timeout is None else self._monotonic() + timeout
        self._tell(self._run if self._technique else await self._look())
        while not self._run.is_finished:
            left = None if deadline is None else max(deadline - self._monotonic(), 0.0)
            seen = await self._watched(left)
            if left == 0 and not seen.is_finished:
                seen = await self._look()
                self._raise_for_timeout(seen, timeout)
            if (seen.status, seen.progress) != (self._run.status, self._run.progress):
                self._tell(seen)

    async def _watched(self, left: float | None) -> Run:
        """Return what is known of the run when it has ended, or after a window."""
        if self._on_progress is not None:
            left = PROGRESS_SECONDS if left is None else min(left, PROGRESS_SECONDS)
        # A run whose progress is wanted, or that began long ago, is looked at at once.
        is_urgent = self._on_progress is not None or self._technique is None
        try:
            return await self._client.watcher.wait(
                self._run.run_id,
                technique=self._technique,
                window=left,
                expected_seconds=0 if is_urgent else None,
            )
        except RunStillPending as error:
            return error.run

    async def _look(self) -> Run:
        return await self._client.runs.retrieve(self._run.run_id)

    def _tell(self, run: Run) -> None:
        self._run = run
        if self._on_progress is not None:
            self._on_progress(run)

    def _raise_for_timeout(self, run: Run, timeout: float | None) -> None:
        if not run.is_finished:
            raise RunTimeoutError(
                f"run {run.run_id} is {run.status} after {timeout:g} s; it goes on at FLORA and is paid for: "
                f'collect it by flora.wait("{run.run_id}"), do not start it again',
                run=run,
            )


def _raise_for_shortfall(run: Run) -> None:
    if run.status is RunStatus.FAILED:
        code, message = run.error_code or "no code", run.error_message or "no reason given"
        mend = "a new run may work" if code in TRANSIENT_RUN_CODES else "change its inputs before a new one"
        raise RunFailedError(f"run {run.run_id} failed at FLORA: {message} ({code}); {mend}", run=run)
    if not run.has_outputs:
        raise RunWithoutOutputsError(
            f"run {run.run_id} is completed and charged, but has no outputs; ask FLORA's support", run=run
        )
