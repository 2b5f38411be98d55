"""Runs by the top-level routes."""

from collections.abc import Mapping

from florist.api.models import GenerationType, Run, StartedRun
from florist.api.resources.resource import Resource
from florist.api.routes import path_below, route


class Runs(Resource):
    """What `client.runs` offers. Errors of the starting calls are those of `techniques.runs.create`."""

    async def start_technique(
        self,
        *,
        technique_id: str,
        inputs: Mapping[str, object],
        workspace_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> StartedRun:
        """Start a technique run, which costs, by the technique's id (`tech_…`) and a map of inputs.

        Source: POST /runs/technique
        """
        return await self._start(
            "/runs/technique",
            idempotency_key,
            {
                "technique_id": technique_id,
                "workspace_id": self._workspace(workspace_id),
                "inputs": dict(inputs),
            },
        )

    async def start_generation(
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
        """Start a generation, which costs, by the older route; FLORA's newer clients use `generations.create`.

        Source: POST /runs/generation
        """
        return await self._start(
            "/runs/generation",
            idempotency_key,
            {
                "type": type,
                "prompt": prompt,
                "workspace_id": self._workspace(workspace_id),
                "project_id": project_id,
                "model": model,
                "params": params,
                "callback_url": callback_url,
            },
        )

    async def retrieve(self, run_id: str) -> Run:
        """Return any run, be it of a technique, a model or an action.

        Source: GET /runs/{run_id}
        """
        return await self._read(route("/runs/{}", run_id), Run.model_validate)

    async def retrieve_at(self, poll_url: str) -> Run:
        """Return the run that FLORA gave this `poll_url` for.

        Raises:
            UntrustedUrlError: it leads to another host than the configured one; nothing was sent.

        Source: the contract, "A run"
        """
        return await self._read(path_below(self._transport.base_url, poll_url), Run.model_validate)
