"""FLORA's generations, as the ledger needs them: plain calls of one model.

A generation is filed in the ledger under its model's id. What is sent to it are texts, by these ids:

    type            image, video, audio or text
    prompt          what to make
    params.<name>   a parameter of the model, as JSON: 30, true, "16:9"

The key goes out in the header alone, since the route has no place for it in the body. History names the model of a
run and when it began, which is what recovery needs; an item that names no model may be of any.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import cast

from florist.api.client import FloraAPI
from florist.api.models import GenerationType, InputValue, Run
from florist.api.resources.resource import StartAnswer
from florist.errors import ConfigurationError
from florist.ledger.client_route import ClientRoute

PARAM = "params."
"""What stands before a parameter's name in the id of its input."""


class GenerationRoute(ClientRoute):
    """`Flora` for the route `POST /generate`.

    Args:
        project_id: where FLORA files the generations; None takes the workspace's oldest project.
    """

    def __init__(
        self,
        client: FloraAPI,
        *,
        project_id: str | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(client, "generations", now=now, monotonic=monotonic)
        self._project_id = project_id
        self._workspace_id: str | None = None
        self._finding = asyncio.Lock()

    async def post(
        self,
        technique_id: str,
        inputs: Sequence[InputValue],
        *,
        idempotency_key: str,
        callback_url: str | None,
        before_send: Callable[[], Awaitable[None]],
    ) -> StartAnswer:
        """Start a generation; see `Flora.post`.

        Args:
            technique_id: the model's id.
        """
        workspace_id, project_id = await self._place()
        values = {value.id: value.value for value in inputs}
        return await self._client.generations.create_with_answer(
            type=cast(GenerationType, values["type"]),  # FLORA refuses any other, before anything is paid for
            prompt=values["prompt"],
            workspace_id=workspace_id,
            project_id=project_id,
            model=technique_id,
            params=_params(values) or None,
            callback_url=callback_url,
            idempotency_key=idempotency_key,
            before_send=before_send,
        )

    async def history(self, technique_id: str, *, since: datetime) -> AsyncIterator[Run]:
        """Yield the generations of a model that began since then, newest first.

        FLORA does not filter by model. One without a time, or without a model, may be of any.
        """
        workspace_id, _ = await self._place()
        async for run in self._client.generations.list(workspace_id=workspace_id):
            if run.created_at is not None and run.created_at < since:
                return
            if run.model is None or run.model.model_id in (None, technique_id):
                yield run

    async def _place(self) -> tuple[str, str]:
        """Return the workspace and the project of the generations, found once.

        Raises:
            ConfigurationError: the workspace has no project.
        """
        async with self._finding:
            if self._workspace_id is None:
                self._workspace_id = self._client.workspace_id or await self._client.workspaces.home()
            if self._project_id is None:
                self._project_id = await self._oldest_project(self._workspace_id)
            return self._workspace_id, self._project_id

    async def _oldest_project(self, workspace_id: str) -> str:
        """Return the same project to every process, also tomorrow: a repeated request must have an equal body.

        Raises:
            ConfigurationError: there is none.
        """
        projects = [project async for project in self._client.projects.list(workspace_id=workspace_id)]
        if not projects:
            raise ConfigurationError(
                f"workspace {workspace_id} has no project to file generations in: make one at FLORA, or name one "
                "with FLORA_PROJECT_ID"
            )
        latest = datetime.max.replace(tzinfo=UTC)
        return min(projects, key=lambda project: (project.created_at or latest, project.project_id)).project_id


def _params(values: Mapping[str, str]) -> dict[str, object]:
    return {
        name.removeprefix(PARAM): json.loads(value)
        for name, value in sorted(values.items())
        if name.startswith(PARAM)
    }
