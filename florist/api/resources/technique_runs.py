"""Technique runs by the nested route, and their history."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from florist.api.calls import Call
from florist.api.models import InputValue, Run, RunStatus
from florist.api.paging import AsyncPager
from florist.api.resources.resource import RUN_ID, Resource, StartAnswer, checked_idempotency_key
from florist.api.retries import Effect
from florist.api.routes import route


class TechniqueRuns(Resource):
    """What `client.techniques.runs` offers."""

    async def create(
        self,
        technique: str,
        *,
        inputs: Sequence[InputValue],
        mode: Literal["async", "stream"] = "async",
        callback_url: str | None = None,
        idempotency_key: str | None = None,
        before_send: Callable[[], Awaitable[None]] | None = None,
    ) -> Run:
        """Start a run, which costs. It comes back `pending`, never with its final outputs.

        Args:
            technique: id or slug.
            inputs: at least one; ids and types exactly as the definition has them.
            mode: with `stream` the stream is read only until it names the run, since its format is published
                nowhere; the run then goes on, to be watched like any other.
            callback_url: https; told once when the run has ended.
            idempotency_key: goes out as header and in the body, on every re-send too.
            before_send: awaited each time right before the bytes leave, when slot and connection are held. What
                it raises passes through, and nothing is sent.

        Raises:
            AmbiguousRequestError: it may have begun, or has begun and its id is unknown. Never just repeat it.
            IdempotencyDuplicateError, IdempotencyConflictError: a request with this key was processed before.

        Source: POST /techniques/{technique}/runs
        """
        answer = await self.create_with_answer(
            technique,
            inputs=inputs,
            mode=mode,
            callback_url=callback_url,
            idempotency_key=idempotency_key,
            before_send=before_send,
        )
        return answer.run

    async def create_with_answer(
        self,
        technique: str,
        *,
        inputs: Sequence[InputValue],
        mode: Literal["async", "stream"] = "async",
        callback_url: str | None = None,
        idempotency_key: str | None = None,
        before_send: Callable[[], Awaitable[None]] | None = None,
    ) -> StartAnswer:
        """Start a run as `create` does, and return beside it what FLORA's answer says of the request."""
        key = checked_idempotency_key(idempotency_key)
        call = Call(
            "POST",
            route("/techniques/{}/runs", technique),
            effect=Effect.SPEND,
            body={
                "inputs": [value.model_dump() for value in inputs],
                "mode": mode,
                "idempotency_key": key,
                **({"callback_url": callback_url} if callback_url else {}),
            },
            idempotency_key=key,
            stop_at=RUN_ID if mode == "stream" else None,
            before_send=before_send,
        )
        run, answer = await self._spend(
            call, Run.model_validate, lambda run_id: Run(run_id=run_id, status=RunStatus.PENDING)
        )
        return StartAnswer(run, answer.is_replayed, answer.said_at, answer.request_id)

    async def retrieve(self, run_id: str, *, technique: str) -> Run:
        """Return the run as it stands; a failed run is an answer too, not an error.

        Raises:
            NotFoundError: no such run, or of another workspace. For one started seconds ago: not yet.

        Source: GET /techniques/{technique}/runs/{run_id}
        """
        return await self._read(route("/techniques/{}/runs/{}", technique, run_id), Run.model_validate)

    def list(
        self,
        *,
        workspace_id: str | None = None,
        project_id: str | None = None,
        technique_id: str | None = None,
        status: RunStatus | None = None,
        limit: int | None = 50,
    ) -> AsyncPager[Run]:
        """Go through the run history, newest first. Items may lack their outputs.

        FLORA shows what the caller's API key started; another key may see other runs. Nothing is filtered
        unless asked for, not even by the client's workspace: a lost run may not be filed under it.

        Source: GET /technique-runs
        """
        return self._pager(
            "/technique-runs",
            Run,
            member="technique_runs",
            identity=lambda run: run.run_id,
            must_be_whole=True,
            workspace_id=workspace_id,
            project_id=project_id,
            technique_id=technique_id,
            status=status,
            limit=limit,
        )
