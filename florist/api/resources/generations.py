"""Generations: one remote call of a single model."""

from collections.abc import Awaitable, Callable, Mapping

from florist.api.calls import Call
from florist.api.models import GenerationType, Run, RunStatus, StartedRun
from florist.api.paging import AsyncPager
from florist.api.resources.resource import Resource, StartAnswer, checked_idempotency_key, without_none
from florist.api.retries import Effect
from florist.api.routes import route


class Generations(Resource):
    """What `client.generations` offers."""

    async def create(
        self,
        *,
        type: GenerationType,  # noqa: A002 - FLORA's word
        prompt: str,
        project_id: str,
        workspace_id: str | None = None,
        model: str | None = None,
        params: Mapping[str, object] | None = None,
        callback_url: str | None = None,
        idempotency_key: str | None = None,
    ) -> StartedRun:
        """Start a generation, which costs. Errors are those of `techniques.runs.create`.

        Args:
            project_id: the project whose canvas it appears on.
            model: a model id as `models.list` has it; None lets FLORA choose.
            params: as the model's own list of parameters says.

        Source: POST /generate
        """
        body = self._body(type, prompt, project_id, workspace_id, model, params, callback_url)
        return await self._start("/generate", idempotency_key, body)

    async def create_with_answer(
        self,
        *,
        type: GenerationType,  # noqa: A002 - FLORA's word
        prompt: str,
        project_id: str,
        workspace_id: str | None = None,
        model: str | None = None,
        params: Mapping[str, object] | None = None,
        callback_url: str | None = None,
        idempotency_key: str | None = None,
        before_send: Callable[[], Awaitable[None]] | None = None,
    ) -> StartAnswer:
        """Start a generation as `create` does, and return beside its run what FLORA's answer says of the request.

        Args:
            before_send: see `techniques.runs.create`.
        """
        call = Call(
            "POST",
            "/generate",
            effect=Effect.SPEND,
            body=without_none(self._body(type, prompt, project_id, workspace_id, model, params, callback_url)),
            idempotency_key=checked_idempotency_key(idempotency_key),
            before_send=before_send,
        )
        started, answer = await self._spend(
            call, StartedRun.model_validate, lambda run_id: StartedRun(run_id=run_id)
        )
        run = Run(run_id=started.run_id, status=RunStatus.PENDING, model=started.model)
        return StartAnswer(run, answer.is_replayed, answer.said_at, answer.request_id)

    def _body(
        self,
        type: GenerationType,  # noqa: A002 - FLORA's word
        prompt: str,
        project_id: str,
        workspace_id: str | None,
        model: str | None,
        params: Mapping[str, object] | None,
        callback_url: str | None,
    ) -> Mapping[str, object]:
        return {
            "type": type,
            "prompt": prompt,
            "workspace_id": self._workspace(workspace_id),
            "project_id": project_id,
            "model": model,
            "params": params,
            "callback_url": callback_url,
        }

    async def retrieve(self, run_id: str) -> Run:
        """Return a generation's run, or an action's.

        Source: GET /runs/{run_id}
        """
        return await self._read(route("/runs/{}", run_id), Run.model_validate)

    def list(
        self,
        *,
        workspace_id: str | None = None,
        project_id: str | None = None,
        status: RunStatus | None = None,
        limit: int | None = 50,
    ) -> AsyncPager[Run]:
        """Go through the generation history, newest first. Items may lack their outputs.

        Source: GET /generations
        """
        return self._pager(
            "/generations",
            Run,
            member="generations",
            identity=lambda run: run.run_id,
            must_be_whole=True,
            workspace_id=workspace_id,
            project_id=project_id,
            status=status,
            limit=limit,
        )
